import { Type } from '../foundation/index.ts';
import type { DomainId, PayloadReader, StreamHash } from '../ring/index.ts';
import { DOMAINS_MAX, PUBLIC_KEY, payloadReader } from '../ring/index.ts';
import type { ElementSchema, FieldSchema } from '../sharing/index.ts';
import { ELEMENTS_MAX } from './limits.ts';
import { FIELDS_MAX } from './stream-limits.ts';

/** How fields become elements of the prime field and are split; another way would be another name. */
export const SUITE = 'field128-additive-1';

export interface StreamDomain {
  readonly id: DomainId;
  /** The domain's Ed25519 public key as the ring document has it, base64url. */
  readonly key: string;
}

/** Windows opened by an operator, or of one length and aligned to the Unix epoch. */
export type StreamWindow =
  | { readonly kind: 'manual' }
  | { readonly kind: 'fixed'; readonly durationMs: number };

/** What an operator signs: what is measured, by which domains, and what may come out. It never changes. */
export interface StreamPayload {
  readonly version: 1;
  readonly suite: typeof SUITE;
  readonly name: string;
  /** 32 hex digits, random: two streams of equal terms are two streams. */
  readonly nonce: string;
  /** The operator's Ed25519 public key, base64url. */
  readonly operatorKey: string;
  readonly fields: readonly FieldSchema[];
  readonly elements: readonly ElementSchema[];
  /** In the order of the shares: domain j keeps share j. */
  readonly domains: readonly StreamDomain[];
  readonly window: StreamWindow;
  readonly graceMs: number;
  readonly flagTimeoutMs: number;
  readonly minSensors: number;
  /** Of the distinct sensors whose share a domain holds, how many must have a reading in the result. */
  readonly minCommittedPercent: number;
  readonly maxReadings: number;
  readonly maxExcluded: number;
  readonly retentionMs: number;
  /** Whether a flag stands for one reading, or a sensor may send several under one. */
  readonly countMode: 'single' | 'batch';
  /** Whether all shares but the last are seeds: pseudorandom instead of random. */
  readonly seeds: boolean;
  /** Whether the result shows how many readings fell into each cell. */
  readonly publishesCells: boolean;
  /** The readings are public anyway: the gate's floors do not apply. */
  readonly publicData: boolean;
  readonly enrolment: 'required' | 'open';
  /** Names of the groups a sensor may choose from; readings of each are sealed and released apart. */
  readonly groups: readonly string[];
}

export interface StreamDocument extends StreamPayload {
  /** The document as it was signed. */
  readonly jws: string;
  /** SHA-256 over the exact signed bytes; part of every flag key. */
  readonly hash: StreamHash;
}

const closed = { additionalProperties: false } as const;
const name = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' });
/** Shown to people, so no control characters that could rewrite a terminal. */
const label = (minLength: number) => Type.String({ minLength, maxLength: 64, pattern: '^[^\\p{C}]*$' });
/** Plain digits, no exponent: a person checks the bounds of a stream by reading them. */
const decimal = Type.String({ pattern: '^-?(?:0|[1-9][0-9]{0,37})(?:\\.[0-9]{1,38})?$' });
const whole = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

const element = Type.Union([
  Type.Object({ kind: Type.Literal('count') }, closed),
  Type.Object(
    {
      kind: Type.Literal('moment'),
      factors: Type.Array(Type.Object({ field: label(1), power: Type.Integer({ minimum: 1 }) }, closed), {
        minItems: 1,
        maxItems: FIELDS_MAX,
      }),
    },
    closed,
  ),
  Type.Object({ kind: Type.Literal('cell'), field: label(1), from: decimal, to: decimal }, closed),
]);

const fieldProperties = {
  name: label(1),
  unit: label(0),
  decimals: whole,
  offset: decimal,
  min: decimal,
  max: decimal,
} as const;

/** The members of a stream document by name; a person's draft of one is made of the same. */
const streamProperties = {
  version: Type.Literal(1),
  suite: Type.Literal(SUITE),
  name,
  nonce: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  operatorKey: PUBLIC_KEY,
  fields: Type.Array(Type.Object(fieldProperties, closed), { minItems: 1, maxItems: FIELDS_MAX }),
  elements: Type.Array(element, { minItems: 1, maxItems: ELEMENTS_MAX }),
  domains: Type.Array(Type.Object({ id: name, key: PUBLIC_KEY }, closed), { maxItems: DOMAINS_MAX }),
  window: Type.Union([
    Type.Object({ kind: Type.Literal('manual') }, closed),
    Type.Object({ kind: Type.Literal('fixed'), durationMs: whole }, closed),
  ]),
  graceMs: whole,
  flagTimeoutMs: whole,
  minSensors: whole,
  minCommittedPercent: whole,
  maxReadings: whole,
  maxExcluded: whole,
  retentionMs: whole,
  countMode: Type.Union([Type.Literal('single'), Type.Literal('batch')]),
  seeds: Type.Boolean(),
  publishesCells: Type.Boolean(),
  publicData: Type.Boolean(),
  enrolment: Type.Union([Type.Literal('required'), Type.Literal('open')]),
  groups: Type.Array(label(1), { maxItems: 65_535 }),
} as const;

/** @throws EngineError `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION` */
export const readStreamPayload = payloadReader(
  'a stream document',
  Type.Object(streamProperties, closed),
  'version',
  1,
);

/** A stream as a person writes it: only name and fields have to be there. */
export interface StreamDraft extends Partial<Omit<StreamPayload, 'name' | 'fields' | 'domains'>> {
  readonly name: string;
  readonly fields: readonly (Omit<FieldSchema, 'unit' | 'offset'> &
    Partial<Pick<FieldSchema, 'unit' | 'offset'>>)[];
  readonly domains?: readonly { readonly id: string; readonly key?: string }[];
}

/**
 * A stream document as a person writes it: what is missing has a default, and keys and nonce are filled in. An
 * unknown member is refused by its path, because a typing error in the name of a limit would lift the limit.
 * @throws EngineError `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION`
 */
export const readStreamDraft: PayloadReader<StreamDraft> = payloadReader(
  'a stream',
  Type.Object(
    {
      ...Type.Partial(streamProperties),
      name,
      fields: Type.Array(
        Type.Object(
          {
            ...fieldProperties,
            unit: Type.Optional(fieldProperties.unit),
            offset: Type.Optional(decimal),
          },
          closed,
        ),
        { minItems: 1, maxItems: FIELDS_MAX },
      ),
      domains: Type.Optional(
        Type.Array(Type.Object({ id: name, key: Type.Optional(PUBLIC_KEY) }, closed), {
          minItems: 1,
          maxItems: DOMAINS_MAX,
        }),
      ),
    },
    closed,
  ),
  'version',
  1,
);
