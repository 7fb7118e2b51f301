import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/foundation/index.ts';
import type { Codec } from '../../../src/protocol/index.ts';
import {
  auditCodec,
  computeAnswerCodec,
  doneCodec,
  openWindowCodec,
  sealAnswerCodec,
  statusCodec,
  streamAnswerCodec,
  streamBodyCodec,
  streamListCodec,
  streamQueryCodec,
  windowQuestionCodec,
} from '../../../src/protocol/operator-messages.ts';
import { anyHex, anyListOf, anyU16, anyU64, optionally } from '../../support/any-message.ts';
import { refusal } from '../../support/codec-laws.ts';
import { fc, test } from '../../support/property.ts';

const stream = anyHex(32);
const window = { window: anyU64, group: anyU16 };
const numbers = (...names: readonly string[]) =>
  fc.record(Object.fromEntries(names.map((name) => [name, anyU64])));
const anyTold = fc.oneof(anyU64, fc.record({ above: anyU64, below: anyU64 }));
const fields = (told: readonly string[], exact: readonly string[]) =>
  fc.record(
    Object.fromEntries([
      ...told.map((name) => [name, anyTold] as const),
      ...exact.map((name) => [name, anyU64] as const),
    ]),
  );
const terms = { notBefore: anyU64, latest: anyU64 };

const MESSAGES: readonly (readonly [string, Codec<unknown>, fc.Arbitrary<unknown>])[] = [
  ['the answer of an operation that has none', doneCodec, fc.constant({ done: true })],
  ['PUT_STREAM request', streamBodyCodec, fc.record({ document: fc.string() })],
  ['READ_STREAM request', streamQueryCodec, fc.record({ stream })],
  [
    'READ_STREAM answer',
    streamAnswerCodec,
    fc.record({
      document: fc.string(),
      windows: anyListOf(
        fc.record({
          ...window,
          ...terms,
          state: fc.constantFrom('OPEN', 'SEALED', 'SETTLED', 'RELEASED', 'WITHHELD'),
        }),
      ),
    }),
  ],
  [
    'LIST_STREAMS answer',
    streamListCodec,
    fc.record({ streams: anyListOf(fc.record({ stream, name: fc.string() })) }),
  ],
  ['OPEN_WINDOW request', openWindowCodec, fc.record({ stream, window: anyU64, ...terms })],
  ['SEAL and COMPUTE request', windowQuestionCodec, fc.record({ stream, ...window })],
  [
    'SEAL answer',
    sealAnswerCodec,
    fc.record({
      sealed: fc.boolean(),
      partitionsOpen: fc.integer({ min: 0, max: 1_024 }),
      reason: fc.string(),
    }),
  ],
  [
    'COMPUTE answer',
    computeAnswerCodec,
    fc.oneof(
      fc.record({ status: fc.constant('ROW'), row: fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/) }),
      fc.record({ status: fc.constant('INCOMPLETE'), reason: fc.string() }),
    ),
  ],
  [
    'READ_STATUS answer',
    statusCodec,
    fc.record({
      node: fc.string(),
      domain: fc.string(),
      epoch: anyU64,
      ready: fc.boolean(),
      reasons: anyListOf(fc.string()),
      storeId: fc.string(),
      commitSeq: anyU64,
      corruptRows: anyU64,
      undecidedFlags: anyTold,
      thinPartitions: anyTold,
      hintedPartitions: anyTold,
      acceptors: fc.integer({ min: 1, max: 3 }),
      streams: anyU64,
      uptimeMs: anyU64,
      clockMs: anyU64,
    }),
  ],
  [
    'AUDIT answer',
    auditCodec,
    fc.record({
      node: fc.string(),
      domain: fc.string(),
      epoch: anyU64,
      rows: fields(['good'], ['corrupt', 'misplaced', 'conflict', 'stray']),
      flags: fields(['true', 'error', 'elsewhere', 'undecided', 'overdue'], ['corrupt', 'stray']),
      windows: numbers('OPEN', 'SEALED', 'SETTLED', 'RELEASED', 'WITHHELD', 'overdue'),
      copies: fields(['partitions'], ['short', 'foreign', 'silent']),
      thinPartitions: anyTold,
      hintedPartitions: anyTold,
      repairsWaiting: anyU64,
      doubt: optionally(fc.string()),
    }),
  ],
];

describe.each(MESSAGES)('the JSON message %s', (_, codec, anyValue) => {
  test.prop([anyValue], { numRuns: 50 })('comes back as it was sent', (value) => {
    expect(codec.decode(codec.encode(value))).toEqual(value);
  });

  test.prop([anyValue, fc.string()], { numRuns: 50 })(
    'is refused with a field nobody knows',
    (value, name) => {
      fc.pre(!Object.hasOwn(Object(value), name) && name !== '__proto__');
      const more = { ...Object(value), [name]: 1 };
      expect(refusal(codec, utf8(JSON.stringify(more)))).toBe('SCHEMA_MISMATCH');
    },
  );

  test.prop([anyValue, fc.nat()], { numRuns: 50 })('is refused without one of its fields', (value, at) => {
    const names = Object.keys(Object(value));
    const less = { ...Object(value) };
    delete less[names[at % names.length] ?? ''];
    expect(refusal(codec, utf8(JSON.stringify(less)))).toBe('SCHEMA_MISMATCH');
  });

  test.prop([anyValue, fc.nat()], { numRuns: 50 })('is refused when it ends too early', (value, at) => {
    const bytes = codec.encode(value);
    expect(refusal(codec, bytes.slice(0, at % bytes.length))).toBe('MALFORMED_TEXT');
  });
});

describe('a question about a window', () => {
  const question = { stream: 'ab'.repeat(32), window: 0, group: 0 };
  it.each([
    { ...question, stream: 'AB'.repeat(32) },
    { ...question, stream: 'ab'.repeat(31) },
    { ...question, window: -1 },
    { ...question, window: 0.5 },
    { ...question, window: 2 ** 53 },
    { ...question, window: '0' },
    { ...question, group: 65_536 },
  ])('is refused as %o', (changed) => {
    expect(refusal(windowQuestionCodec, utf8(JSON.stringify(changed)))).toBe('SCHEMA_MISMATCH');
  });
});
