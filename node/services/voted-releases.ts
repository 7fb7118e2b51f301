import type { Decisions } from './decisions.ts';
import type { WindowRecord, Windows } from './windows.ts';

/**
 * Releases that this node has voted for and does not know to be decided: in a domain of two it can't ask a majority any
 * more once the other node is away.
 */
export interface VotedReleases {
  note(record: WindowRecord): void;
  /** Learns those that are decided; the others are looked for again at the next call. */
  run(decisions: Pick<Decisions, 'readRelease'>, signal: AbortSignal): Promise<void>;
}

export function createVotedReleases(windows: Pick<Windows, 'learn'>): VotedReleases {
  const voted = new Set<WindowRecord>();
  const isOver = ({ release, erased }: WindowRecord): boolean => release !== null || erased;
  return {
    note: (record) => void voted.add(record),
    async run(decisions, signal) {
      for (const record of voted) {
        const decided = isOver(record) ? null : await decisions.readRelease(record, signal);
        if (decided !== null) await windows.learn(record, 'release', decided);
        if (isOver(record)) voted.delete(record);
      }
    },
  };
}
