import type { Clock } from '../../src/ports/index.ts';
import type { DecisionName } from '../../src/protocol/index.ts';
import { createGrowingPause, type GrowingPause } from '../engine/pause.ts';
import type { Rings } from '../engine/rings.ts';
import { beginShared, type SharedWork } from '../engine/shared-work.ts';
import type { WindowRecord } from './windows.ts';

/** First pause after ballots of readers that decided nothing; doubles up to {@link LOOK_PAUSE_MS_MAX}. */
const LOOK_PAUSE_MS = 1_000;
/** Longest such pause. What others decide meanwhile is read all the same. */
const LOOK_PAUSE_MS_MAX = 32_000;

/**
 * Ballots of readers, each a synced write at every acceptor: those of a decision are one for all who look at a time, and where
 * they were in vain there are none for a while.
 */
export interface LookBallots {
  /**
   * What `ballots` decided, or those under way; null where they were in vain, now or lately.
   * @throws the signal's reason, which ends the ballots only where nobody else waits for them
   */
  run(
    record: WindowRecord,
    decision: DecisionName,
    ballots: (over: AbortSignal) => Promise<Uint8Array | null>,
    signal?: AbortSignal,
  ): Promise<Uint8Array | null>;
}

export interface LookBallotsComponents {
  readonly clock: Pick<Clock, 'now'>;
  readonly rings: Pick<Rings, 'newest'>;
}

interface Looks {
  underWay: SharedWork<Uint8Array | null> | null;
  /** How long those that ended in vain keep back others. */
  readonly pause: GrowingPause;
  /** Under which ring document: another one may declare a store lost, so that the others decide without it. */
  vainUnder: number;
}

export function createLookBallots({ clock, rings }: LookBallotsComponents): LookBallots {
  // With the record of its window goes what is known of the ballots about it.
  const known = new WeakMap<WindowRecord, Map<DecisionName, Looks>>();

  function looksOf(record: WindowRecord, decision: DecisionName): Looks {
    const ofWindow = known.get(record) ?? new Map<DecisionName, Looks>();
    known.set(record, ofWindow);
    const looks = ofWindow.get(decision) ?? {
      underWay: null,
      pause: createGrowingPause(clock, { firstMs: LOOK_PAUSE_MS, longestMs: LOOK_PAUSE_MS_MAX }),
      vainUnder: 0,
    };
    ofWindow.set(decision, looks);
    return looks;
  }

  return {
    async run(record, decision, ballots, signal) {
      const looks = looksOf(record, decision);
      if (looks.underWay === null || looks.underWay.isOver()) {
        const { epoch } = rings.newest();
        if (epoch === looks.vainUnder && !looks.pause.isOver()) return null;
        looks.underWay = beginShared(async (over) => {
          const decided = await ballots(over);
          if (decided === null) {
            looks.pause.begin();
            looks.vainUnder = epoch;
          }
          return decided;
        });
      }
      return looks.underWay.join(signal);
    },
  };
}
