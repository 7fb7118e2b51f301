import type { Decimal } from '../arithmetic/index.ts';
import { compareRational, parseDecimal, readDecimal } from '../arithmetic/index.ts';
import { EngineError } from '../foundation/index.ts';
import type { RingDocument } from '../ring/index.ts';
import { DOMAINS_MAX } from '../ring/index.ts';
import type { ElementSchema, FieldSchema } from '../sharing/index.ts';
import { EXCLUDED_MAX } from './limits.ts';
import {
  FIELD_DECIMALS_MAX,
  FLAG_TIMEOUT_MS_MAX,
  FLAG_TIMEOUT_MS_MIN,
  GRACE_MS_MAX,
  MOMENT_DEGREE_MAX,
  READINGS_MAX,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
  SENSORS_MIN_MAX,
  WINDOW_MS_MAX,
  WINDOW_MS_MIN,
} from './stream-limits.ts';
import type { StreamPayload } from './stream-schema.ts';

/**
 * The rules of a stream beyond its schema, capacity apart.
 * @throws EngineError `STREAM_REFUSED` naming the rule and the numbers
 */
export function checkStreamRules(stream: StreamPayload, ring: RingDocument): void {
  checkNumbers(stream);
  checkDomains(stream, ring);
  checkFields(stream.fields);
  checkElements(stream);
  checkSupported(stream, ring);
}

/** Kinds that the format keeps for later, so that a program which lacks them says so by name. */
export function checkReservedKinds(elements: unknown): void {
  if (!Array.isArray(elements)) return;
  for (const element of elements as readonly unknown[]) {
    const kind = typeof element === 'object' && element !== null ? Reflect.get(element, 'kind') : undefined;
    if (kind === 'check' || kind === 'proof') {
      throw refused(`expected elements of kind count, moment or cell, got the reserved kind ${kind}`);
    }
  }
}

function checkNumbers(stream: StreamPayload): void {
  const ranges: readonly (readonly [string, number, number, number])[] = [
    ['graceMs', stream.graceMs, 0, GRACE_MS_MAX],
    ['flagTimeoutMs', stream.flagTimeoutMs, FLAG_TIMEOUT_MS_MIN, FLAG_TIMEOUT_MS_MAX],
    ['minSensors', stream.minSensors, 1, SENSORS_MIN_MAX],
    ['minCommittedPercent', stream.minCommittedPercent, 1, 100],
    ['maxReadings', stream.maxReadings, 1, READINGS_MAX],
    ['maxExcluded', stream.maxExcluded, 0, Math.min(EXCLUDED_MAX, stream.maxReadings)],
    ['retentionMs', stream.retentionMs, RETENTION_MS_MIN, RETENTION_MS_MAX],
  ];
  for (const [name, value, least, most] of ranges) checkRange(name, value, least, most);
  if (stream.window.kind === 'fixed') {
    checkRange('window.durationMs', stream.window.durationMs, WINDOW_MS_MIN, WINDOW_MS_MAX);
  }
  if (stream.minSensors > stream.maxReadings) {
    throw refused(
      `expected minSensors up to maxReadings ${stream.maxReadings}, got ${stream.minSensors}: no window could be released`,
    );
  }
}

function checkDomains(stream: StreamPayload, ring: RingDocument): void {
  if (stream.operatorKey !== ring.operatorKey) {
    throw refused(`expected the operator key of the ring ${ring.operatorKey}, got ${stream.operatorKey}`);
  }
  checkRange('number of domains', stream.domains.length, 2, DOMAINS_MAX);
  // A domain listed twice would hold two shares of every reading.
  checkDistinct(
    'domain',
    stream.domains.map(({ id }) => id),
  );
  const sections = new Map(ring.domains.map((section) => [section.domain, section]));
  for (const { id, key } of stream.domains) {
    const section = sections.get(id);
    if (section === undefined) {
      throw refused(`expected domains of the ring (${[...sections.keys()].join(', ')}), got ${id}`);
    }
    if (section.key !== key) {
      throw refused(`expected for domain ${id} its key in the ring ${section.key}, got ${key}`);
    }
  }
}

function checkFields(fields: readonly FieldSchema[]): void {
  checkDistinct(
    'field',
    fields.map(({ name }) => name),
  );
  for (const field of fields) {
    checkRange(`decimals of field ${field.name}`, field.decimals, 0, FIELD_DECIMALS_MAX);
    for (const part of ['offset', 'min', 'max'] as const) {
      checkDecimals(`${part} of field ${field.name}`, field[part], field.decimals);
    }
    if (isBelow(field.max, field.min)) {
      throw refused(`expected min <= max of field ${field.name}, got ${field.min} and ${field.max}`);
    }
  }
}

function checkElements(stream: StreamPayload): void {
  const { elements } = stream;
  if (elements[0]?.kind !== 'count') {
    throw refused(`expected count as the first element, got ${String(elements[0]?.kind)}`);
  }
  const fields = new Map(stream.fields.map((field) => [field.name, field]));
  for (const element of elements) checkElement(element, fields);
  checkDistinct('element', elements.map(elementText));
  const cells = elements.some(({ kind }) => kind === 'cell');
  // The sensor's policy reads this one word, so it has to be true in both directions.
  if (cells !== stream.publishesCells) {
    throw refused(
      `expected publishesCells ${cells} for ${cells ? 'a stream with cells' : 'a stream without cells'}, got ${stream.publishesCells}`,
    );
  }
}

function checkElement(element: ElementSchema, fields: ReadonlyMap<string, FieldSchema>): void {
  const known = (name: string): FieldSchema => {
    const field = fields.get(name);
    if (field === undefined) {
      throw refused(`expected fields of the stream (${[...fields.keys()].join(', ')}), got ${name}`);
    }
    return field;
  };
  switch (element.kind) {
    case 'count':
      return;
    case 'moment': {
      for (const { field } of element.factors) known(field);
      checkDistinct(
        `factor of ${elementText(element)}`,
        element.factors.map(({ field }) => field),
      );
      const degree = element.factors.reduce((sum, { power }) => sum + power, 0);
      checkRange(`degree of ${elementText(element)}`, degree, 1, MOMENT_DEGREE_MAX);
      return;
    }
    case 'cell': {
      const { decimals } = known(element.field);
      checkDecimals(`from of ${elementText(element)}`, element.from, decimals);
      checkDecimals(`to of ${elementText(element)}`, element.to, decimals);
      if (isBelow(element.to, element.from)) {
        throw refused(`expected from <= to of ${elementText(element)}`);
      }
    }
  }
}

/** What the format has and this version does not do yet: refused by name instead of done halfway. */
function checkSupported(stream: StreamPayload, ring: RingDocument): void {
  if (stream.countMode !== 'single') throw unsupported('countMode', 'single', stream.countMode);
  if (stream.seeds) throw unsupported('seeds', 'false', 'true');
  if (stream.groups.length > 0) throw unsupported('groups', 'none', String(stream.groups.length));
  if (stream.enrolment !== 'open') throw unsupported('enrolment', 'open', stream.enrolment);
  if (!stream.publicData) throw unsupported('publicData', 'true', 'false');
  if (!ring.development) {
    throw refused(
      'expected a ring document with development true for publicData and open enrolment, got development false',
    );
  }
}

/** An element in one spelling: the order of a moment's factors does not make another moment. */
function elementText(element: ElementSchema): string {
  switch (element.kind) {
    case 'count':
      return 'count';
    case 'moment':
      return element.factors
        .map(({ field, power }) => `${field}^${power}`)
        .sort()
        .join(' * ');
    case 'cell':
      return `cell of ${element.field} from ${element.from} to ${element.to}`;
  }
}

function checkRange(what: string, value: number, least: number, most: number): void {
  if (value < least || value > most) {
    throw refused(`expected ${what} from ${least} to ${most}, got ${value}`);
  }
}

function checkDistinct(what: string, values: readonly string[]): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw refused(`expected every ${what} once, got ${value} twice`);
    seen.add(value);
  }
}

function checkDecimals(what: string, text: string, decimals: number): void {
  const decimal: Decimal | undefined = readDecimal(text);
  if (decimal === undefined || -decimal.exponent > decimals) {
    throw refused(`expected ${what} with at most ${decimals} decimals, got ${text}`);
  }
}

function isBelow(a: string, b: string): boolean {
  return compareRational(parseDecimal(a), parseDecimal(b)) < 0;
}

function unsupported(name: string, expected: string, got: string): EngineError {
  return refused(`expected ${name} ${expected} in this version, got ${got}`);
}

function refused(message: string): EngineError {
  return new EngineError('STREAM_REFUSED', message);
}
