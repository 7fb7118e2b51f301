import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acceptResponseCodec,
  copyRequestCodec,
  copyResponseCodec,
  type FlagsRequest,
  flagAnswersCodec,
  flagsRequestCodec,
  outcomesCodec,
  REFUSALS,
  relayRequestCodec,
  relayResponseCodec,
  setRequestCodec,
  uploadRequestCodec,
  uploadResponseCodec,
  voteRequestCodec,
  voteResponseCodec,
} from '../../../src/protocol/flag-messages.ts';
import { entryKeys, readingId, sensorId } from '../../../src/protocol/index.ts';
import { epoch, partition, streamHash, windowId } from '../../../src/ring/identifiers.ts';
import {
  anyBallot,
  anyBytes,
  anyContext,
  anyEntry,
  anyFixedBytes,
  anyFlagValue,
  anyListOf,
  anyOutcome,
  anyPacket,
  anyPartition,
  anySynodKind,
  anyU8,
  anyU16,
  optionally,
} from '../../support/any-message.ts';
import { describeBinaryCodec, refusal } from '../../support/codec-laws.ts';

const place = { context: anyContext, partition: anyPartition };

describeBinaryCodec('GET request', flagsRequestCodec, fc.record({ ...place, flags: anyListOf(anyEntry) }));
describeBinaryCodec(
  'SET and ACCEPT request',
  setRequestCodec,
  fc.record({
    ...place,
    packets: anyListOf(
      fc.record({
        ...anyPacket,
        receipts: anyListOf(anyFixedBytes(16)),
        proofs: fc.array(
          fc.record({ index: anyU8, encapsulated: anyFixedBytes(65), tag: anyFixedBytes(16) }),
          { maxLength: 3 },
        ),
      }),
    ),
  }),
);
describeBinaryCodec(
  'ACCEPT answer',
  acceptResponseCodec,
  fc.record({
    packets: anyListOf(
      fc.record({
        answer: fc.constantFrom('ACCEPTED', ...REFUSALS),
        word: fc.option(anyFixedBytes(16)),
        others: anyListOf(
          fc.record({
            place: anyU16,
            promised: anyBallot,
            accepted: optionally(fc.record({ ballot: anyBallot, value: anyFlagValue })),
          }),
        ),
      }),
    ),
  }),
);
describeBinaryCodec(
  'SET answer',
  flagAnswersCodec,
  fc.record({ outcomes: anyListOf(fc.constantFrom('UNDECIDED', 'TRUE', 'ERROR', ...REFUSALS)) }),
);
describeBinaryCodec('outcomes of flags', outcomesCodec, fc.record({ outcomes: anyListOf(anyOutcome) }));
describeBinaryCodec(
  'UPLOAD request',
  uploadRequestCodec,
  fc.record({
    ...place,
    index: anyU8,
    packets: anyListOf(
      fc.record({
        ...anyPacket,
        encapsulated: anyFixedBytes(65),
        sealed: anyBytes(64),
      }),
    ),
  }),
);
describeBinaryCodec(
  'UPLOAD answer',
  uploadResponseCodec,
  fc.record({
    packets: anyListOf(
      fc.record({
        answer: fc.constantFrom('STORED', 'CONFLICT', ...REFUSALS),
        receipt: fc.option(anyFixedBytes(16)),
        word: fc.option(anyFixedBytes(16)),
        conflicts: anyListOf(anyU16),
      }),
    ),
  }),
);
describeBinaryCodec(
  'RELAY request',
  relayRequestCodec,
  fc.record({
    ...place,
    ...anyPacket,
    parts: anyListOf(
      fc.record({ encapsulated: anyFixedBytes(65), sealed: anyBytes(64), tag: anyFixedBytes(16) }),
    ),
  }),
);
describeBinaryCodec(
  'RELAY answer',
  relayResponseCodec,
  fc.record({
    stored: anyListOf(anyFixedBytes(16)),
    votes: fc.array(fc.record({ acceptor: anyU8, word: anyFixedBytes(16) }), { maxLength: 3 }),
  }),
);
describeBinaryCodec(
  'COPY request',
  copyRequestCodec,
  fc.record({
    ...place,
    index: anyU8,
    keys: anyListOf(anyEntry).map(entryKeys),
    shares: anyBytes(200),
  }),
);
describeBinaryCodec('COPY answer', copyResponseCodec, fc.record({ conflicts: anyListOf(anyU16) }));
describeBinaryCodec(
  'VOTE request',
  voteRequestCodec,
  fc.record({
    ...place,
    kind: anySynodKind,
    ballot: anyBallot,
    value: optionally(anyFlagValue),
    flags: anyListOf(anyEntry),
  }),
);
describeBinaryCodec(
  'VOTE answer',
  voteResponseCodec,
  fc.record({
    votes: anyListOf(
      fc.record({
        granted: fc.boolean(),
        early: fc.boolean(),
        promised: anyBallot,
        accepted: optionally(fc.record({ ballot: anyBallot, value: anyFlagValue })),
      }),
    ),
  }),
);

const entry = { readingId: readingId(new Uint8Array(16)), sensorId: sensorId(new Uint8Array(16)), count: 1 };
const request: FlagsRequest = {
  context: {
    epoch: epoch(1),
    placementEpoch: epoch(1),
    stream: streamHash('00'.repeat(32)),
    window: windowId(0),
    group: 0,
  },
  partition: partition(0),
  flags: [entry],
};
/** Where fields of a request lie: version, epoch 4, placement epoch 4, stream 32, window 8, group 2, partition 2, flags 4. */
const AT = { epoch: 1, window: 41, partition: 51, flags: 53 };

describe('a request about flags', () => {
  const changed = (at: number, ...bytes: readonly number[]) => {
    const encoded = flagsRequestCodec.encode(request);
    encoded.set(bytes, at);
    return refusal(flagsRequestCodec, encoded);
  };

  it('takes 4,096 flags and refuses 4,097 before it reads the first', () => {
    const most = { ...request, flags: Array.from({ length: 4_096 }, () => entry) };
    expect(flagsRequestCodec.decode(flagsRequestCodec.encode(most)).flags).toHaveLength(4_096);
    expect(changed(AT.flags, 0, 0, 0x10, 1)).toBe('MALFORMED_BODY');
    expect(changed(AT.flags, 255, 255, 255, 255)).toBe('MALFORMED_BODY');
  });

  it('is refused with an epoch of 0, a partition beyond the last or a window above 2^53', () => {
    expect(changed(AT.epoch, 0, 0, 0, 0)).toBe('SCHEMA_MISMATCH');
    expect(changed(AT.partition, 4, 0)).toBe('SCHEMA_MISMATCH');
    expect(changed(AT.window, 0, 0x20)).toBe('MALFORMED_BODY');
  });

  it('is refused without a byte', () => {
    expect(refusal(flagsRequestCodec, new Uint8Array(0))).toBe('MALFORMED_BODY');
  });
});

describe('the packets of an UPLOAD', () => {
  const sender = { sensorId: entry.sensorId, encapsulated: new Uint8Array(65), publicKey: null };
  const bytesOf = (...numbers: readonly number[]) =>
    uploadRequestCodec.encode({
      context: request.context,
      partition: request.partition,
      index: 0,
      packets: numbers.map((number) => ({
        ...sender,
        readings: Array.from({ length: number }, () => ({ readingId: entry.readingId, count: 1 })),
        sealed: new Uint8Array(0),
      })),
    });

  it('have 4,096 readings together, and not one more', () => {
    expect(uploadRequestCodec.decode(bytesOf(2_000, 2_096)).packets).toHaveLength(2);
    expect(refusal(uploadRequestCodec, bytesOf(2_000, 2_097))).toBe('MALFORMED_BODY');
  });

  it('are 1,024, and a request with more is refused before the first is read', () => {
    expect(uploadRequestCodec.decode(bytesOf(...Array(1_024).fill(1))).packets).toHaveLength(1_024);
    const announced = bytesOf(1);
    announced.set([0, 0, 4, 1], AT.flags + 1);
    expect(refusal(uploadRequestCodec, announced)).toBe('MALFORMED_BODY');
  });
});

describe('a COPY', () => {
  const bytesOf = (count: number) =>
    copyRequestCodec.encode({
      ...request,
      index: 0,
      keys: new Uint8Array(36 * count),
      shares: new Uint8Array(0),
    });

  it('has 4,096 entries and not one more', () => {
    expect(copyRequestCodec.decode(bytesOf(4_096)).keys).toHaveLength(36 * 4_096);
    expect(() => bytesOf(4_097)).toThrow('keys of a few entries');
    const announced = bytesOf(1);
    announced.set([0, 0, 0x10, 1], AT.flags + 1);
    expect(refusal(copyRequestCodec, announced)).toBe('MALFORMED_BODY');
  });

  it('has the entries as every list of entries has them', () => {
    const keys = entryKeys([entry, { ...entry, count: 7 }]);
    const copied = copyRequestCodec.encode({ ...request, index: 0, keys, shares: new Uint8Array(0) });
    const listed = flagsRequestCodec.encode({ ...request, flags: [entry, { ...entry, count: 7 }] });
    expect(copied.slice(AT.flags + 1, -4)).toEqual(listed.slice(AT.flags));
  });

  it('has no keys that end within one', () => {
    const cut = { ...request, index: 0, keys: new Uint8Array(35), shares: new Uint8Array(0) };
    expect(() => copyRequestCodec.encode(cut)).toThrow('keys of a few entries');
  });
});
