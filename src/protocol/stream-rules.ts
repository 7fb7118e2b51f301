import { EngineError } from '../foundation/index.ts';
import type { DomainId } from '../ring/index.ts';
import { DOMAINS_MAX } from '../ring/index.ts';
import { storedSchema } from '../sharing/index.ts';
import { AMBIGUITY_BITS, checkCapacity, leastSensors, leavesAmbiguity } from '../statistics/index.ts';
import { EXCLUDED_MAX } from './limits.ts';
import {
  FLAG_TIMEOUT_MS_MAX,
  FLAG_TIMEOUT_MS_MIN,
  GRACE_MS_MAX,
  GROUPS_MAX,
  READINGS_MAX,
  RETENTION_MS_MAX,
  RETENTION_MS_MIN,
  SENSORS_MIN_MAX,
  WINDOW_MS_MAX,
  WINDOW_MS_MIN,
  WINDOWS_PER_STREAM_MAX,
} from './stream-limits.ts';
import type { StreamPayload } from './stream-schema.ts';

/** What a stream needs of a ring: its operator, and each domain under the keys it has or had. */
export interface StreamRing {
  readonly operatorKey: string;
  readonly development: boolean;
  readonly domains: readonly { readonly domain: DomainId; readonly key: string }[];
}

/**
 * The rules of a stream beyond its schema, capacity apart.
 * @throws EngineError `STREAM_REFUSED` naming the rule and the numbers
 */
export function checkStreamRules(stream: StreamPayload, ring: StreamRing): void {
  checkNumbers(stream);
  checkDomains(stream, ring);
  // Fields and elements have their rules where they are turned into stored integers.
  storedSchema(stream);
  checkRange('number of groups', stream.groups.length, 0, GROUPS_MAX);
  checkDistinct('group', stream.groups);
  checkCellsAnnounced(stream);
  checkAmbiguity(stream, ring);
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

/**
 * How many readings of a window can be added up: every sum of as many stays below half the field. An acceptor takes no
 * more than `maxReadings`, but it counts only the flags on which it votes, and in a large ring others have others.
 */
export function readingsThatFit(stream: StreamPayload): number {
  const { maxReadingsLimit } = checkCapacity(stream, stream.maxReadings);
  return maxReadingsLimit < BigInt(READINGS_MAX) ? Number(maxReadingsLimit) : READINGS_MAX;
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
    const { durationMs } = stream.window;
    checkRange('window.durationMs', durationMs, WINDOW_MS_MIN, WINDOW_MS_MAX);
    checkKeptWindows(stream, durationMs);
  }
  if (stream.minSensors > stream.maxReadings) {
    throw refused(
      `expected minSensors up to maxReadings ${stream.maxReadings}, got ${stream.minSensors}: no window could be released`,
    );
  }
}

/** Fixed windows open by themselves, so that how many are kept at a time follows from the document alone. */
function checkKeptWindows({ graceMs, retentionMs, groups }: StreamPayload, durationMs: number): void {
  if (retentionMs <= graceMs) {
    throw refused(
      `expected retentionMs above graceMs ${graceMs}, got ${retentionMs}: windows would be erased before they are sealed`,
    );
  }
  // From one length before its start until its end and retention.
  const kept = Math.ceil((2 * durationMs + retentionMs) / durationMs) * Math.max(1, groups.length);
  if (kept > WINDOWS_PER_STREAM_MAX) {
    throw refused(
      `expected at most ${WINDOWS_PER_STREAM_MAX} windows and groups at a time, got ${kept} with windows of ${durationMs} ms, retentionMs ${retentionMs} and ${groups.length} groups`,
    );
  }
}

function checkDomains(stream: StreamPayload, ring: StreamRing): void {
  if (stream.operatorKey !== ring.operatorKey) {
    throw refused(`expected the operator key of the ring ${ring.operatorKey}, got ${stream.operatorKey}`);
  }
  checkRange('number of domains', stream.domains.length, 2, DOMAINS_MAX);
  // A domain listed twice would hold two shares of every reading.
  checkDistinct(
    'domain',
    stream.domains.map(({ id }) => id),
  );
  const keys = new Map<string, string[]>();
  for (const { domain, key } of ring.domains) keys.set(domain, [...(keys.get(domain) ?? []), key]);
  for (const { id, key } of stream.domains) {
    const known = keys.get(id);
    if (known === undefined) {
      throw refused(`expected domains of the ring (${[...keys.keys()].join(', ')}), got ${id}`);
    }
    if (!known.includes(key)) {
      throw refused(`expected for domain ${id} its key in the ring ${known.at(-1)}, got ${key}`);
    }
  }
}

/** The sensor's policy reads this one word, so it has to be true in both directions. */
function checkCellsAnnounced(stream: StreamPayload): void {
  const cells = stream.elements.some(({ kind }) => kind === 'cell');
  if (cells !== stream.publishesCells) {
    throw refused(
      `expected publishesCells ${cells} for ${cells ? 'a stream with cells' : 'a stream without cells'}, got ${stream.publishesCells}`,
    );
  }
}

/**
 * Below some number of sensors the released sums determine the readings, whatever the gate counts. Only public data
 * may go without, and nobody can call real data public outside a development ring.
 */
function checkAmbiguity(stream: StreamPayload, ring: StreamRing): void {
  if (stream.publicData) {
    if (ring.development) return;
    throw refused('expected publicData false outside a development ring, got true');
  }
  if (leavesAmbiguity(stream, stream.minSensors)) return;
  const least = leastSensors(stream);
  const expected = Number.isFinite(least) ? `minSensors from ${least} on` : 'sums that leave readings open';
  throw refused(
    `expected ${expected}, got minSensors ${stream.minSensors}: the sums would leave less than ${AMBIGUITY_BITS} bits of ambiguity`,
  );
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

function refused(message: string): EngineError {
  return new EngineError('STREAM_REFUSED', message);
}
