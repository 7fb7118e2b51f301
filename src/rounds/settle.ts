import { EngineError, invariant } from '../foundation/index.ts';
import type { FlagEntry } from '../protocol/index.ts';
import { entryName } from '../protocol/index.ts';
import { sortEntries } from './candidate.ts';
import type { Round, RoundEvent, Step } from './round.ts';

export interface SettleOptions {
  /** Nodes of each of the stream's domains; any one of them answers for its domain. */
  readonly nodesOf: readonly number[];
  /** Most flags of T that may be excluded; beyond it the window stays INCOMPLETE until rows return. */
  readonly excludedMax: number;
  /** What the counts of T add up to: no domain can miss more. */
  readonly readings: number;
}

/** READY, asked at one node of a domain. */
export interface SettleCall {
  readonly domain: number;
  readonly node: number;
}

export type SettleReply =
  | { readonly kind: 'ready'; readonly missing: readonly FlagEntry[] }
  | { readonly kind: 'waiting'; readonly reason: string };

export type Settled =
  | { readonly kind: 'ready'; readonly excluded: readonly FlagEntry[] }
  | { readonly kind: 'incomplete'; readonly reason: string };

export interface SettleState {
  readonly missing: Readonly<Record<number, readonly FlagEntry[]>>;
}

type SettleStep = Step<SettleState, SettleCall, Settled>;

/**
 * Lines 5 to 7 of docs/PROTOCOL.md, "Seal, settle, release", as the coordinator sees them: asks every domain what
 * it holds nowhere and proposes X, the union. Nothing computed from a share may leave a domain before X is decided;
 * an exclusion after a release would show the excluded reading as the difference of two releases.
 */
export function settleRound(options: SettleOptions): Round<SettleState, SettleCall, SettleReply, Settled> {
  const domains = options.nodesOf.length;

  function ask(state: SettleState, domain: number, node: number): SettleStep {
    return { state, effects: [{ kind: 'call', id: `${domain}/${node}`, call: { domain, node } }] };
  }

  function takeReady(state: SettleState, domain: number, missing: readonly FlagEntry[]): SettleStep {
    const next = { missing: { ...state.missing, [domain]: missing } };
    if (Object.keys(next.missing).length < domains) return { state: next, effects: [] };
    const union = new Map<string, FlagEntry>();
    for (const entry of Object.values(next.missing).flat()) union.set(entryName(entry), entry);
    if (union.size > options.excludedMax) {
      const reason = `${union.size} committed readings are held nowhere by some domain, the stream excludes at most ${options.excludedMax}`;
      return finish(next, { kind: 'incomplete', reason });
    }
    const missed = [...union.values()].reduce((sum, { count }) => sum + count, 0);
    if (missed > options.readings) {
      const reason = `a domain misses readings that were never committed: ${missed} of ${options.readings}`;
      return finish(next, { kind: 'incomplete', reason });
    }
    return finish(next, { kind: 'ready', excluded: sortEntries([...union.values()]) });
  }

  function takeFailure(state: SettleState, domain: number, node: number, error: EngineError): SettleStep {
    const nodes = options.nodesOf[domain] ?? 0;
    if (node + 1 < nodes) return ask(state, domain, node + 1);
    return finish(state, {
      kind: 'incomplete',
      reason: `no node of the stream's domain ${domain + 1} of ${options.nodesOf.length} answers READY (${error.code}: ${error.message})`,
    });
  }

  return {
    start: () => ({
      state: { missing: {} },
      effects: options.nodesOf.flatMap((_, domain) => ask({ missing: {} }, domain, 0).effects),
    }),
    step(state: SettleState, event: RoundEvent<SettleReply>): SettleStep {
      invariant(event.kind !== 'wake', 'this round waits for nothing');
      const [domain = 0, node = 0] = event.id.split('/').map(Number);
      if (event.kind === 'failure') return takeFailure(state, domain, node, event.error);
      if (event.reply.kind === 'ready') return takeReady(state, domain, event.reply.missing);
      return takeFailure(state, domain, node, new EngineError('INCOMPLETE', event.reply.reason));
    },
  };
}

function finish(state: SettleState, out: Settled): SettleStep {
  return { state, effects: [{ kind: 'finish', out }] };
}
