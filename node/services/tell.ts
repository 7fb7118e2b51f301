import type { ToldCount } from '../../src/protocol/told-counts.ts';
import { toldTotal } from '../../src/protocol/told-counts.ts';
import type { Rings } from '../engine/rings.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface TellComponents {
  readonly rings: Rings;
  readonly minSensorsFloor: number;
}

/** So many of a window. */
export type WindowCount = readonly [record: OpenWindowRecord, count: number];

/** The total of counts over windows, as this domain tells it to its operator. */
export type Tell = (counts: readonly WindowCount[]) => ToldCount;

/** Whether the window's stream is about data that is public anyway, which only a development ring may have. */
export function isPublic(rings: Rings, { stream, scope }: OpenWindowRecord): boolean {
  return stream.publicData && rings.of(scope).ring.development;
}

/** Until a window is released, its counts are told in steps of the sensors that a release needs. */
export function createTell({ rings, minSensorsFloor }: TellComponents): Tell {
  function stepOf(record: OpenWindowRecord): number {
    if (record.release?.value.verdict === 'RELEASED' || isPublic(rings, record)) return 1;
    return Math.max(record.stream.minSensors, minSensorsFloor);
  }
  return (counts) => toldTotal(counts.map(([record, count]) => ({ count, step: stepOf(record) })));
}
