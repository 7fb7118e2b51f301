import type { Clock } from '../../src/ports/index.ts';
import type { NodeAudit } from '../../src/protocol/index.ts';
import { entryOfKey, PARTITION_KEY_BYTES, windowKey } from '../../src/protocol/index.ts';
import { decodeFlagRow } from '../engine/rows.ts';
import type { Tables } from '../engine/tables.ts';
import { AUDIT_SLACK_MS } from './copy-check.ts';
import type { FlagCensus } from './flag-census.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface FlagSurveyComponents {
  readonly tables: Tables;
  readonly census: FlagCensus;
  readonly clock: Clock;
}

export type FlagCounts = Readonly<Record<Exclude<keyof NodeAudit['flags'], 'stray'>, number>>;

/** Opens every row of a window's flags and counts what each says. A row that does not open puts the store in doubt. */
export async function surveyFlags(
  { tables, census, clock }: FlagSurveyComponents,
  record: OpenWindowRecord,
  signal: AbortSignal,
): Promise<FlagCounts> {
  const counts = { true: 0, error: 0, elsewhere: 0, undecided: 0, overdue: 0, corrupt: 0 };
  const due = clock.now() - record.stream.flagTimeoutMs - AUDIT_SLACK_MS;
  for await (const { key, plain } of tables.scan('flags', record.rowKey, windowKey(record.scope))) {
    signal.throwIfAborted();
    if (plain === null) {
      counts.corrupt += 1;
      continue;
    }
    const { accepted, knownSince } = decodeFlagRow(plain);
    if (record.settlement !== null || !census.isUndecided(record, entryOfKey(key, PARTITION_KEY_BYTES))) {
      // Decided: by the settlement, by this acceptor alone, or as a majority showed.
      if (accepted === null) counts.elsewhere += 1;
      else if (accepted.value === 'TRUE') counts.true += 1;
      else counts.error += 1;
    } else {
      counts.undecided += 1;
      if (!record.frozen && knownSince < due) counts.overdue += 1;
    }
  }
  return counts;
}
