import type { ReleasedRow } from '../../src/protocol/index.ts';
import { domainId, streamHash, windowId } from '../../src/ring/index.ts';

/** The row of a window that a domain does not release. */
export function withheldRow(changes: Partial<ReleasedRow> = {}): ReleasedRow {
  return {
    stream: streamHash('5a'.repeat(32)),
    window: windowId(1_700_000_000_000),
    group: 0,
    domain: domainId('cloud-a'),
    index: 0,
    settled: new Uint8Array(32),
    readings: 0,
    committed: 0,
    flags: 0,
    excluded: 0,
    verdict: 'WITHHELD',
    reason: 'TOO_FEW_SENSORS',
    elements: new Uint8Array(0),
    ...changes,
  };
}
