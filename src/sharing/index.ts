export type { Reading } from './encode-reading.ts';
export { encodeReading } from './encode-reading.ts';
export { encodeReadings } from './encode-readings.ts';
export type {
  CellElement,
  CountElement,
  ElementSchema,
  FieldSchema,
  MomentElement,
  ReadingSchema,
} from './reading-schema.ts';
export { elementName, momentElements } from './reading-schema.ts';
export type { Expand } from './seeds.ts';
export { expandElements, SEED_BYTES } from './seeds.ts';
export { addVectors, combine, DOMAINS_MIN, lastShare, split, splitEncoded, splitInto } from './split.ts';
export type { StoredElement, StoredField, StoredSchema } from './stored-schema.ts';
export { DECIMALS_MAX, POWER_MAX, storedSchema } from './stored-schema.ts';
