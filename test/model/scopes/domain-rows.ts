import type { FlagEntry, HeldResponse, PartitionDigest } from '../../../src/protocol/index.ts';
import { digestOf } from '../../../src/protocol/index.ts';
import type { Held, HoldCall, Round, SettleReply } from '../../../src/rounds/index.ts';
import { holdRound, settleRound } from '../../../src/rounds/index.ts';
import { createProcessKind } from '../explore/round-process.ts';
import { FLAG, FLAG_PARTITION, SET_HASH_KEY } from './frozen-acceptor.ts';

/** Nodes of the domain in which the row may be missing; the other domain holds it at its only node. */
export const NODES = 2;
export const EVERY_NODE = [0, 1] as const;

/** What slot 2 can say: the one flag of T is excluded, or nothing is. */
export type Exclusion = 'nothing' | 'the flag';

/** T: the one flag. */
const SETTLED: readonly PartitionDigest[] = [
  { partition: FLAG_PARTITION, digest: digestOf(SET_HASH_KEY, [FLAG]) },
];

type HoldState = ReturnType<ReturnType<typeof holdRound>['start']>['state'];
export type HoldRound = Round<HoldState, HoldCall, HeldResponse, Held>;

/** The domain's comparison of its rows with T; production's, unless a variant wraps it. */
export function readyRound(): HoldRound {
  return holdRound({ nodes: NODES, partitions: SETTLED, excluded: [], firstOf: () => 0 });
}

export function createHoldKind(round: HoldRound) {
  return createProcessKind(round, { lateRequests: false });
}

/** HELD of a node that has the row of the flag, or has not. */
export function heldAnswer(hasRow: boolean): HeldResponse {
  return { partitions: [{ partition: FLAG_PARTITION, missing: hasRow ? [] : [FLAG] }] };
}

/** Whether a domain whose nodes have these rows can add up T without the exclusion. */
export function canRelease(rows: readonly boolean[], exclusion: Exclusion): boolean {
  const excluded = exclusion === 'nothing' ? [] : [FLAG];
  const kind = createHoldKind(
    holdRound({ nodes: rows.length, partitions: SETTLED, excluded, firstOf: () => 0 }),
  );
  let process = kind.start;
  for (let next = kind.valueOf(process); next.out === null; next = kind.valueOf(process)) {
    const [place = 0] = next.awaited;
    const hasRow = rows[next.sent[place]?.call.node ?? 0] ?? false;
    process = kind.hear(process, place, kind.replies.idOf(heldAnswer(hasRow)));
  }
  const { out } = kind.valueOf(process);
  return out?.kind === 'held' && out.missing.length === 0;
}

/** X as a coordinator proposes it once both domains have answered, null where a domain is not READY. */
export function exclusionFrom(held: Held): Exclusion | null {
  const kind = createProcessKind(settleRound({ nodesOf: [1, 1], excludedMax: 1, readings: 1 }));
  const other = kind.hear(kind.start, 0, kind.replies.idOf(ready([])));
  const { out } = kind.valueOf(kind.hear(other, 1, kind.replies.idOf(readyOf(held))));
  if (out?.kind !== 'ready') return null;
  return out.excluded.length > 0 ? 'the flag' : 'nothing';
}

function readyOf(held: Held): SettleReply {
  return held.kind === 'held' ? ready(held.missing) : { kind: 'waiting', reason: held.reason };
}

function ready(missing: readonly FlagEntry[]): SettleReply {
  return { kind: 'ready', missing };
}
