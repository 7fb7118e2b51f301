import { EngineError } from '../src/foundation/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { SENSORS_MIN_DEFAULT } from '../src/protocol/stream-limits.ts';
import type { DomainSection, RingDocument } from '../src/ring/index.ts';
import { comparableName } from '../src/ring/index.ts';
import type { ElementSchema } from '../src/sharing/index.ts';
import { AMBIGUITY_BITS, leastSensors } from '../src/statistics/index.ts';

const DAY_MS = 86_400_000;

/** What a sensor agrees to, whatever the operator signed. It is checked before anything is split. */
export interface SensorPolicy {
  /** Take part in a ring all of whose keys one party made. It protects nothing. */
  readonly allowDevelopment: boolean;
  /** Streams whose readings are called public: no domain holds a result back. */
  readonly allowPublicData: boolean;
  /** Streams into which anyone may upload: whoever makes up the other sensors learns the reading. */
  readonly allowOpenEnrolment: boolean;
  /** Fewest distinct sensors a stream must ask for before it releases anything. */
  readonly minSensors: number;
  /** Bits that the sums of so many sensors must leave open about their readings, by the estimate; 0 asks for none. */
  readonly ambiguityBits: number;
  /** Fewest domains: all of them together can read a reading. */
  readonly minDomains: number;
  /** No two domains of one legal operator or one provider. */
  readonly independentDomains: boolean;
  /** Kinds of elements a stream may have. Cells show how many readings fell where, so they must be allowed. */
  readonly elementKinds: readonly ElementSchema['kind'][];
  /** Longest time until all about single readings is erased, milliseconds. */
  readonly maxRetentionMs: number;
  /** Streams of labels: the label of a reading is public. */
  readonly allowGroups: boolean;
  /** Streams whose shares but one may be seeds: secret as long as the expansion is, no longer for ever. */
  readonly allowSeeds: boolean;
  /** Streams that count a sensor's own sums of several measurements as one reading. */
  readonly allowBatches: boolean;
}

/** The safe side of everything. */
export const DEFAULT_POLICY: SensorPolicy = {
  allowDevelopment: false,
  allowPublicData: false,
  allowOpenEnrolment: false,
  minSensors: SENSORS_MIN_DEFAULT,
  ambiguityBits: AMBIGUITY_BITS,
  minDomains: 2,
  independentDomains: true,
  elementKinds: ['count', 'moment'],
  maxRetentionMs: 30 * DAY_MS,
  allowGroups: false,
  allowSeeds: false,
  allowBatches: false,
};

/**
 * What a development ring cannot give is not asked of it: whoever allows one has agreed to no protection at all.
 * Everything else stays a question of its own, so that nothing passes in a trial that would not pass later.
 */
const DEVELOPMENT_POLICY: SensorPolicy = {
  ...DEFAULT_POLICY,
  allowDevelopment: true,
  allowPublicData: true,
  allowOpenEnrolment: true,
  minSensors: 1,
  ambiguityBits: 0,
  independentDomains: false,
};

/** The rules of a policy, as `details.rule` of a refusal names them. */
export type PolicyRule = keyof SensorPolicy;

/**
 * Checks that a policy says only what a policy can say: a rule that is misspelt would be one that is not kept.
 * @throws EngineError `INVALID_ARGUMENT` naming the rule
 */
export function checkPolicy(given: Partial<SensorPolicy>): void {
  for (const [rule, value] of Object.entries(given)) {
    const known = Object.entries(DEFAULT_POLICY).find(([name]) => name === rule)?.[1];
    if (known === undefined) {
      const rules = Object.keys(DEFAULT_POLICY).join(', ');
      throw new EngineError('INVALID_ARGUMENT', `expected rules of a policy (${rules}), got ${rule}`);
    }
    const sameType = typeof value === typeof known && Array.isArray(value) === Array.isArray(known);
    // Not a number compares as false with everything, and so would every rule that it stands for.
    if (sameType && !Number.isNaN(value)) continue;
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected ${Array.isArray(known) ? 'a list' : `a ${typeof known}`} for the rule ${rule}, got ${value}`,
    );
  }
}

/** @throws EngineError `RING_REFUSED` */
export function checkRingPolicy(ring: RingDocument, policy: Partial<SensorPolicy>): void {
  if (!ring.development || policy.allowDevelopment === true) return;
  throw new EngineError(
    'RING_REFUSED',
    'expected a ring of independent domains, got a development ring, which protects nothing; allowDevelopment takes part anyway',
    { rule: 'allowDevelopment' },
  );
}

/**
 * @param given what differs from the defaults.
 * @throws EngineError `STREAM_REFUSED`, naming the rule in `details.rule` and the numbers in the message
 */
export function checkStreamPolicy(
  stream: StreamDocument,
  ring: RingDocument,
  given: Partial<SensorPolicy>,
): void {
  const policy = { ...(ring.development ? DEVELOPMENT_POLICY : DEFAULT_POLICY), ...given };
  checkAllowed(stream, policy);
  checkAtLeast('minDomains', 'domains', policy.minDomains, stream.domains.length);
  if (stream.retentionMs > policy.maxRetentionMs) {
    throw refused(
      'maxRetentionMs',
      `expected everything about a reading to be erased within ${policy.maxRetentionMs} ms, got ${stream.retentionMs} ms`,
    );
  }
  checkAtLeast('minSensors', 'sensors in a result', policy.minSensors, stream.minSensors);
  if (policy.ambiguityBits > 0) {
    const least = leastSensors(stream, policy.ambiguityBits);
    const what = `sensors for sums that leave ${policy.ambiguityBits} bits of their readings open`;
    checkAtLeast('ambiguityBits', what, least, stream.minSensors);
  }
  if (policy.independentDomains) checkIndependent(stream, ring);
}

function checkAllowed(stream: StreamDocument, policy: SensorPolicy): void {
  const kind = stream.elements.map((element) => element.kind).find((k) => !policy.elementKinds.includes(k));
  if (kind !== undefined) {
    throw refused('elementKinds', `expected elements of kind ${policy.elementKinds.join(', ')}, got ${kind}`);
  }
  const facts: readonly (readonly [PolicyRule & `allow${string}`, boolean, string])[] = [
    ['allowPublicData', stream.publicData, 'a stream that hides single readings, got one of public data'],
    [
      'allowOpenEnrolment',
      stream.enrolment === 'open',
      'a stream of enrolled sensors, got one that anyone may upload to',
    ],
    ['allowGroups', stream.groups.length > 0, 'a stream without labels, got one whose labels are public'],
    ['allowSeeds', stream.seeds, 'a stream of random shares, got one of shares expanded from seeds'],
    [
      'allowBatches',
      stream.countMode === 'batch',
      'a stream that counts measurements, got one that counts batches of them',
    ],
  ];
  for (const [rule, asked, expected] of facts) {
    if (asked && !policy[rule]) throw refused(rule, `expected ${expected}`);
  }
}

/** One company behind two domains holds two shares of every reading. */
function checkIndependent(stream: StreamDocument, ring: RingDocument): void {
  const sections = ring.domains.filter(({ domain }) => stream.domains.some(({ id }) => id === domain));
  checkDistinct(sections, 'operator', ({ operatorName }) => operatorName);
  checkDistinct(sections, 'provider', ({ provider }) => provider);
}

function checkDistinct(
  sections: readonly DomainSection[],
  what: string,
  nameOf: (section: DomainSection) => string,
): void {
  const seen = new Map<string, string>();
  for (const section of sections) {
    const name = comparableName(nameOf(section));
    const other = seen.get(name);
    if (other !== undefined) {
      throw refused(
        'independentDomains',
        `expected another ${what} behind every domain, got one behind ${other} and ${section.domain}`,
      );
    }
    seen.set(name, section.domain);
  }
}

function checkAtLeast(rule: PolicyRule, what: string, least: number, got: number): void {
  if (got < least) throw refused(rule, `expected at least ${least} ${what}, got ${got}`);
}

function refused(rule: PolicyRule, message: string): EngineError {
  return new EngineError('STREAM_REFUSED', message, { rule });
}
