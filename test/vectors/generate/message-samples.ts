import { compareBytes, labelledHash, toHex, utf8 } from '../../../src/foundation/index.ts';
import * as values from '../../../src/protocol/decision-values.ts';
import * as flags from '../../../src/protocol/flag-messages.ts';
import { REFUSALS } from '../../../src/protocol/flag-messages.ts';
import type { FlagEntry, MessageContext, SetDigest } from '../../../src/protocol/index.ts';
import { EMPTY_SET, entryKey, entryKeys, readingId, sensorId } from '../../../src/protocol/index.ts';
import * as windows from '../../../src/protocol/window-messages.ts';
import { domainId, epoch, partition, streamHash, windowId } from '../../../src/ring/index.ts';

/** A message with the bytes it becomes; the codec is closed over, so that one list holds all types. */
export interface Sample {
  readonly message: string;
  readonly value: unknown;
  readonly bytes: Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

interface AnyCodec<T> {
  encode(value: T): Uint8Array;
  decode(bytes: Uint8Array): T;
}

function samples<T>(message: string, codec: AnyCodec<T>, ...values: readonly T[]): Sample[] {
  return values.map((value) => ({
    message,
    value,
    bytes: codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
  }));
}

/** Bytes that follow from a name. */
export function named(name: string, length: number): Uint8Array {
  return labelledHash('vector', utf8(name)).slice(0, length);
}

/** Bytes in the form of a point; that they are on the curve is not the codec's business. */
function point(name: string): Uint8Array {
  return Uint8Array.of(4, ...named(`${name} x`, 32), ...named(`${name} y`, 32));
}

export const context: MessageContext = {
  epoch: epoch(3),
  placementEpoch: epoch(2),
  stream: streamHash(toHex(named('stream', 32))),
  window: windowId(1_700_000_000_000),
  group: 0,
};
const farContext: MessageContext = {
  epoch: epoch(2 ** 32 - 1),
  placementEpoch: epoch(1),
  stream: streamHash('ff'.repeat(32)),
  window: windowId(Number.MAX_SAFE_INTEGER),
  group: 65_535,
};

function entry(name: string, count = 1): FlagEntry {
  return {
    readingId: readingId(named(`reading ${name}`, 16)),
    sensorId: sensorId(named(`sensor ${name}`, 16)),
    count,
  };
}
const one = entry('one');
const two = entry('two', 2 ** 32 - 1);

const sorted = (entries: readonly FlagEntry[]) =>
  entries.toSorted((a, b) => compareBytes(entryKey(a), entryKey(b)));

const digest: SetDigest = { count: 2, readings: 2 ** 33, hash: named('digest', 32) };
const digests = [
  { partition: partition(0), digest },
  { partition: partition(1_023), digest: { ...EMPTY_SET, count: 1, readings: 1 } },
];
const zero = { counter: 0, proposer: 0 };
const high = { counter: 2 ** 40, proposer: 65_535 };
const at = partition(682);

/** A packet about one reading. */
function packetOf({ sensorId, readingId, count }: FlagEntry, publicKey: Uint8Array | null) {
  return { sensorId, publicKey, readings: [{ readingId, count }] };
}

/** One for a domain, in front of its shares. */
function senderOf(entry: FlagEntry, publicKey: Uint8Array | null) {
  return { ...packetOf(entry, publicKey), encapsulated: point('encapsulated key') };
}

/** Every binary message of the wire, with values at the ends of their ranges. */
export function messageSamples(): readonly Sample[] {
  return [...flagSamples(), ...registerSamples(), ...settleSamples(), ...rowSamples()];
}

function flagSamples(): Sample[] {
  const place = { context, partition: at };
  const farPlace = { context: farContext, partition: partition(1_023) };
  return [
    ...samples(
      'flags request',
      flags.flagsRequestCodec,
      { ...place, flags: [one, two] },
      { ...farPlace, flags: [] },
    ),
    ...samples('set request', flags.setRequestCodec, {
      ...place,
      packets: [
        {
          ...packetOf(one, point('public key')),
          receipts: [named('receipt a', 16), named('receipt b', 16)],
          proofs: [
            { index: 0, encapsulated: point('encapsulated key a'), tag: named('tag a', 16) },
            { index: 2, encapsulated: point('encapsulated key c'), tag: named('tag c', 16) },
          ],
        },
        { ...packetOf(two, null), receipts: [], proofs: [] },
      ],
    }),
    ...samples('accept response', flags.acceptResponseCodec, {
      packets: [
        { answer: 'ACCEPTED', word: null, others: [] },
        { answer: 'ACCEPTED', word: named('word', 16), others: [] },
        {
          answer: 'ACCEPTED',
          word: null,
          others: [
            { place: 0, promised: high, accepted: { ballot: high, value: 'ERROR' } },
            { place: 4_095, promised: high, accepted: null },
          ],
        },
        ...REFUSALS.map((answer) => ({ answer, word: null, others: [] })),
      ],
    }),
    ...samples('flag answers', flags.flagAnswersCodec, {
      outcomes: ['UNDECIDED', 'TRUE', 'ERROR', ...REFUSALS],
    }),
    ...samples('outcomes', flags.outcomesCodec, { outcomes: ['UNDECIDED', 'TRUE', 'ERROR'] }),
    ...samples('upload request', flags.uploadRequestCodec, {
      ...place,
      index: 2,
      packets: [
        { ...senderOf(one, point('public key')), sealed: named('sealed shares', 48) },
        { ...senderOf(two, null), sealed: new Uint8Array(0) },
      ],
    }),
    ...samples('upload response', flags.uploadResponseCodec, {
      packets: [
        { answer: 'STORED', receipt: named('receipt', 16), word: null, conflicts: [] },
        { answer: 'STORED', receipt: named('receipt', 16), word: named('word', 16), conflicts: [] },
        { answer: 'CONFLICT', receipt: null, word: null, conflicts: [0, 7] },
        ...REFUSALS.map((answer) => ({ answer, receipt: null, word: null, conflicts: [] })),
      ],
    }),
    ...samples(
      'relay request',
      flags.relayRequestCodec,
      {
        ...place,
        ...packetOf(one, point('public key')),
        parts: ['a', 'b', 'c'].map((domain) => ({
          encapsulated: point(`encapsulated key ${domain}`),
          sealed: named(`sealed share ${domain}`, 32),
          tag: named(`tag ${domain}`, 16),
        })),
      },
      { ...farPlace, ...packetOf(two, null), parts: [] },
    ),
    ...samples('relay response', flags.relayResponseCodec, {
      stored: [named('word a', 16), named('word b', 16)],
      votes: [
        { acceptor: 0, word: named('vote a', 16) },
        { acceptor: 2, word: named('vote c', 16) },
      ],
    }),
    ...samples('copy request', flags.copyRequestCodec, {
      ...place,
      index: 2,
      keys: entryKeys([one, two]),
      shares: named('shares', 32),
    }),
    ...samples('copy response', flags.copyResponseCodec, { conflicts: [1] }),
    ...samples(
      'vote request',
      flags.voteRequestCodec,
      { ...place, kind: 'prepare', ballot: high, value: null, flags: [one] },
      { ...place, kind: 'accept', ballot: high, value: 'TRUE', flags: [one] },
      { ...place, kind: 'accept', ballot: high, value: 'ERROR', flags: [two] },
      { ...farPlace, kind: 'read', ballot: zero, value: null, flags: [] },
    ),
    ...samples('vote response', flags.voteResponseCodec, {
      votes: [
        { granted: true, early: false, promised: high, accepted: { ballot: zero, value: 'TRUE' } },
        { granted: false, early: true, promised: zero, accepted: null },
      ],
    }),
  ];
}

function registerSamples(): Sample[] {
  const terms = { setHashKey: named('K', 32), notBefore: 1_700_000_000_000, latest: 1_800_000_000_000 };
  const value = values.windowTermsCodec.encode(terms);
  return [
    ...samples('window terms', values.windowTermsCodec, terms),
    ...samples(
      'settlement',
      values.settlementCodec,
      { placementEpoch: epoch(2), partitions: digests, flags: 3, readings: 2 ** 33 + 1 },
      { placementEpoch: epoch(1), partitions: [], flags: 0, readings: 0 },
    ),
    ...samples(
      'exclusion',
      values.exclusionCodec,
      { settlement: named('settlement', 32), excluded: sorted([one, two]), readings: 7 },
      { settlement: named('settlement', 32), excluded: [], readings: 0 },
    ),
    ...samples(
      'released row',
      values.releasedRowCodec,
      {
        stream: context.stream,
        window: context.window,
        group: 0,
        domain: domainId('cloud-a'),
        index: 1,
        settled: named('settled', 32),
        readings: 8_759,
        committed: 8_759,
        flags: 8_759,
        excluded: 0,
        verdict: 'RELEASED',
        reason: '',
        elements: named('elements', 32),
      },
      {
        stream: context.stream,
        window: context.window,
        group: 0,
        domain: domainId('b'),
        index: 0,
        settled: named('settled', 32),
        readings: 3,
        committed: 3,
        flags: 3,
        excluded: 1,
        verdict: 'WITHHELD',
        reason: 'expected 13 sensors or more, got fewer; \ufeffÄ \u{1f512}',
        elements: new Uint8Array(0),
      },
    ),
    ...samples(
      'synod request',
      windows.synodRequestCodec,
      { context, decision: 'terms', kind: 'accept', ballot: high, value },
      { context, decision: 'settlement', kind: 'prepare', ballot: { counter: 1, proposer: 5 }, value: null },
      { context: farContext, decision: 'release', kind: 'read', ballot: zero, value: null },
    ),
    ...samples(
      'synod response',
      windows.synodResponseCodec,
      { granted: true, promised: high, accepted: { ballot: high, value } },
      { granted: false, promised: zero, accepted: null },
    ),
  ];
}

function settleSamples(): Sample[] {
  const place = { context, partition: at };
  return [
    ...samples('context only', windows.freezeRequestCodec, { context }, { context: farContext }),
    ...samples('freeze report', windows.freezeReportCodec, {
      storeId: toHex(named('store', 16)),
      commitSeq: Number.MAX_SAFE_INTEGER,
      partitions: digests,
    }),
    ...samples(
      'frozen list request',
      windows.frozenListRequestCodec,
      { ...place, after: null },
      { ...place, after: one },
    ),
    ...samples('frozen list', windows.frozenListCodec, {
      flags: [
        { entry: one, ballot: zero, value: 'TRUE' },
        { entry: two, ballot: high, value: 'ERROR' },
      ],
      more: true,
    }),
    ...samples('keep list request', windows.keepListRequestCodec, {
      ...place,
      digest,
      entries: [one, two],
      last: true,
    }),
    ...samples('kept', windows.keptCodec, { kept: true }, { kept: false }),
    ...samples('read list request', windows.readListRequestCodec, { ...place, digest, after: two }),
    ...samples('read list', windows.readListCodec, { known: true, entries: [one], more: false }),
    ...samples('recall request', windows.recallRequestCodec, { storeId: toHex(named('store', 16)) }),
    ...samples('committed', windows.committedCodec, {
      storeId: toHex(named('store', 16)),
      commitSeq: 2 ** 40,
    }),
    ...samples('recall response', windows.recallResponseCodec, { commitSeq: 2 ** 40 }, { commitSeq: 0 }),
    ...samples('ready request', windows.readyRequestCodec, { context, settlement: named('settlement', 32) }),
    ...samples(
      'ready response',
      windows.readyResponseCodec,
      { ready: true, reason: '', missing: [two] },
      { ready: false, reason: '1 of 2 nodes of the domain do not answer', missing: [] },
    ),
    ...samples('held request', windows.heldRequestCodec, { context, partitions: digests }),
    ...samples('held response', windows.heldResponseCodec, {
      partitions: [
        { partition: partition(0), missing: [one] },
        { partition: at, missing: [] },
      ],
    }),
    ...samples('sum request', windows.sumRequestCodec, { context, partitions: digests, excluded: [one] }),
    ...samples('sum response', windows.sumResponseCodec, {
      complete: true,
      readings: 2 ** 33,
      flags: 2,
      elements: named('sum', 32),
    }),
  ];
}

function rowSamples(): Sample[] {
  const place = { context, partition: at };
  return [
    ...samples('rows request', windows.rowsRequestCodec, { ...place, after: null }, { ...place, after: one }),
    ...samples('rows response', windows.rowsResponseCodec, {
      rows: [
        { entry: one, conflict: false, share: named('share', 32) },
        { entry: two, conflict: true, share: new Uint8Array(0) },
      ],
      more: true,
    }),
    ...samples('sensors request', windows.sensorsRequestCodec, {
      context,
      partitions: digests,
      excluded: [one],
      from: partition(7),
    }),
    ...samples(
      'sensors response',
      windows.sensorsResponseCodec,
      { sensors: [], next: null },
      {
        sensors: [
          { sensor: one.sensorId, included: true },
          { sensor: two.sensorId, included: false },
        ],
        next: at,
      },
    ),
    ...samples('compare request', windows.compareRequestCodec, { ...place, entries: [one, two] }),
    ...samples('compare response', windows.compareResponseCodec, { missing: [two] }),
    ...samples('gather request', windows.gatherRequestCodec, { context, partitions: [partition(0), at] }),
    ...samples('inventory', windows.inventoryCodec, {
      partitions: [
        { partition: partition(0), index: 2, digest },
        { partition: partition(1_023), index: 255, digest: { ...EMPTY_SET, count: 1, readings: 1 } },
      ],
    }),
  ];
}
