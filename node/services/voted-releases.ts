import { hasCode } from '../../src/foundation/index.ts';
import { mapAtOnce } from '../../src/rounds/at-once.ts';
import { decodeSynodRow } from '../engine/rows.ts';
import { SCAN_PAGE_ROWS, type Tables } from '../engine/tables.ts';
import type { Decisions } from './decisions.ts';
import { voteKey } from './window-rows.ts';
import type { WindowRecord, Windows } from './windows.ts';

/** Ledgers that are read at once: each may wait for a node that hangs, and what else a node does in rounds waits behind them. */
const READ_AT_ONCE = 64;

export interface VotedReleasesComponents {
  readonly tables: Pick<Tables, 'peekMany'>;
  readonly storeKey: Uint8Array;
  readonly windows: Pick<Windows, 'all'> & {
    learn(record: WindowRecord, decision: 'release', bytes: Uint8Array): Promise<unknown>;
  };
}

/**
 * Releases that this node has voted for and does not know to be decided: in a domain of two it can't ask a majority any
 * more once the other node is away.
 */
export interface VotedReleases {
  note(record: WindowRecord): void;
  /** Learns those that are decided; the others are looked for again at the next call. */
  run(decisions: Pick<Decisions, 'read'>, signal: AbortSignal): Promise<void>;
}

/** Reads back the votes of before the last stop. */
export async function openVotedReleases(components: VotedReleasesComponents): Promise<VotedReleases> {
  const { tables, storeKey, windows } = components;
  const voted = new Set<WindowRecord>();
  const isOver = ({ release, erased }: WindowRecord): boolean => release !== null || erased;

  const open = windows.all().filter((record) => !isOver(record));
  for (let from = 0; from < open.length; from += SCAN_PAGE_ROWS) {
    const page = open.slice(from, from + SCAN_PAGE_ROWS);
    const keys = page.map(({ scope }) => voteKey(scope, 'release'));
    const rows = await tables.peekMany('windows', storeKey, keys);
    page.forEach((record, place) => {
      const row = rows[place];
      if (row != null && decodeSynodRow(row).accepted !== null) voted.add(record);
    });
  }

  /** A ledger that is lost for ever keeps back its own windows and no others. */
  const read = (decisions: Pick<Decisions, 'read'>, record: WindowRecord, signal: AbortSignal) =>
    decisions.read(record, 'release', signal).catch((error: unknown) => {
      if (!hasCode(error, 'INCOMPLETE')) throw error;
      return null;
    });

  return {
    note: (record) => void voted.add(record),
    async run(decisions, signal) {
      await mapAtOnce([...voted], READ_AT_ONCE, async (record) => {
        const decided = isOver(record) ? null : await read(decisions, record, signal);
        if (decided !== null) await windows.learn(record, 'release', decided);
        if (isOver(record)) voted.delete(record);
      });
    },
  };
}
