import type { Clock } from '../../src/ports/index.ts';
import type { NodeAudit } from '../../src/protocol/index.ts';
import type { PackedRows } from '../engine/packed-rows.ts';
import { decodeFlagRow } from '../engine/rows.ts';
import { AUDIT_SLACK_MS } from './copy-check.ts';
import type { FlagCensus } from './flag-census.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface FlagSurveyComponents {
  readonly packed: PackedRows;
  readonly census: FlagCensus;
  readonly clock: Clock;
}

export type FlagCounts = Readonly<Record<Exclude<keyof NodeAudit['flags'], 'stray'>, number>>;

/**
 * Opens every record of a window's flags and counts what each row says, and the flags that have none yet. A record that
 * does not open puts the store in doubt.
 */
export async function surveyFlags(
  { packed, census, clock }: FlagSurveyComponents,
  record: OpenWindowRecord,
  signal: AbortSignal,
): Promise<FlagCounts> {
  const due = clock.now() - record.stream.flagTimeoutMs - AUDIT_SLACK_MS;
  const counts = { true: 0, error: 0, elsewhere: 0, corrupt: 0, ...census.waiting(record, due) };
  for await (const { entry, plain } of packed.scan('flags', record, null)) {
    signal.throwIfAborted();
    if (entry === null) {
      counts.corrupt += 1;
      continue;
    }
    if (record.settlement === null && census.isUndecided(record, entry)) {
      continue;
    }
    // By the settlement, by this acceptor alone, as a majority showed, or set with this vote.
    const { accepted } = decodeFlagRow(plain);
    if (accepted === null) counts.elsewhere += 1;
    else if (accepted.value === 'TRUE') counts.true += 1;
    else counts.error += 1;
  }
  return counts;
}
