import type { FlagValue } from '../../../src/protocol/index.ts';
import type { SealCall, SealReply } from '../../../src/rounds/index.ts';
import { sealRound } from '../../../src/rounds/index.ts';
import { createProcessKind } from '../explore/round-process.ts';
import { EVERY_ACCEPTOR } from './flag-acceptors.ts';
import type { FreezableCell } from './frozen-acceptor.ts';
import { keep, listOf, reportOf, SET_HASH_KEY } from './frozen-acceptor.ts';

/** Whose reports a coordinator hears, and who keeps its list where they differ. */
export interface Way {
  readonly asked: readonly number[];
  readonly keepers: readonly number[];
}

const PAIRS = [
  [0, 1],
  [0, 2],
  [1, 2],
] as const;

/** Every way to hear some of three acceptors and to have a list kept by a majority. */
export const WAYS: readonly Way[] = [
  ...EVERY_ACCEPTOR.map((one) => ({ asked: [one], keepers: [one] })),
  ...PAIRS.map((pair) => ({ asked: pair, keepers: pair })),
  ...PAIRS.map((pair) => ({ asked: EVERY_ACCEPTOR, keepers: pair })),
];

export interface Sealing {
  /** The outcome that the candidate T gives the flag. */
  readonly candidate: FlagValue;
  readonly cells: readonly FreezableCell[];
}

/**
 * The work of one coordinator from the reports to its candidate, by the production round.
 *
 * What a frozen acceptor reports and lists never changes, and nothing but the question who can name T reads
 * the lists it keeps; so all a coordinator does between the freeze and its offer is one step, at any time
 * after the freeze: it hears any set of frozen acceptors, gives the others up, and has its list kept by any
 * majority. One that dies meanwhile, or finds the window open, is one that never offers: null.
 */
export function createSealing(quorumOf: (acceptors: number) => number) {
  const kind = createProcessKind(
    sealRound({
      nodes: EVERY_ACCEPTOR.length,
      acceptorsOf: () => EVERY_ACCEPTOR,
      quorumOf,
      maxReadings: 1,
      setHashKey: SET_HASH_KEY,
      listsAtOnce: 1,
    }),
  );

  const reports = new WeakMap<FreezableCell, number>();
  function reportIdOf(cell: FreezableCell): number {
    const known = reports.get(cell) ?? kind.replies.idOf({ kind: 'freeze', report: reportOf(cell) });
    reports.set(cell, known);
    return known;
  }

  /** A LIST that the round waits for, or a KEEP at one of `keepers`. */
  function waitingFor(process: number, keepers: readonly number[]) {
    const { sent, awaited } = kind.valueOf(process);
    for (const place of awaited) {
      const call = sent[place]?.call;
      if (call?.kind === 'list') return { place, call };
      if (call?.kind === 'keep' && keepers.includes(call.node)) return { place, call };
    }
    return null;
  }

  return ({ asked, keepers }: Way, before: readonly FreezableCell[]): Sealing | null => {
    if (asked.some((acceptor) => before[acceptor]?.frozen !== true)) return null;
    const cells = [...before];
    let process = kind.start;
    for (const [acceptor, cell] of cells.entries()) {
      const report = reportIdOf(cell);
      process = asked.includes(acceptor)
        ? kind.hear(process, acceptor, report)
        : kind.fail(process, acceptor);
    }
    for (let next = waitingFor(process, keepers); next !== null; next = waitingFor(process, keepers)) {
      const cell = cells[next.call.node];
      if (cell === undefined) break;
      const answered = answer(cell, next.call);
      cells[next.call.node] = answered.cell;
      process = kind.hear(process, next.place, kind.replies.idOf(answered.reply));
    }
    const { out } = kind.valueOf(process);
    if (out?.kind !== 'sealed') return null;
    return { candidate: out.partitions.length > 0 ? 'TRUE' : 'ERROR', cells };
  };
}

function answer(
  cell: FreezableCell,
  call: Exclude<SealCall, { kind: 'freeze' }>,
): { readonly cell: FreezableCell; readonly reply: SealReply } {
  if (call.kind === 'list') return { cell, reply: { kind: 'list', list: listOf(cell) } };
  const after = keep(cell, call.digest, call.entries);
  return { cell: after.cell, reply: { kind: 'keep', kept: after.kept } };
}
