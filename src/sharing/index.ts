export type { Reading } from './encode-reading.ts';
export { encodeReading } from './encode-reading.ts';
export type {
  CellElement,
  CountElement,
  ElementSchema,
  FieldSchema,
  MomentElement,
  ReadingSchema,
} from './reading-schema.ts';
export { elementName, momentElements } from './reading-schema.ts';
export { combine, DOMAINS_MIN, split } from './split.ts';
export type { StoredElement, StoredField, StoredSchema } from './stored-schema.ts';
export { DECIMALS_MAX, POWER_MAX, storedSchema } from './stored-schema.ts';
