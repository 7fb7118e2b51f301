/** One line of the benchmark's answer. `ratio` is ours / peer; `target` speaks of it, or of ours where it says so. */
export interface BenchRow {
  readonly name: string;
  /** Null in a row that was not measured; its note says why. */
  readonly ours: number | null;
  readonly peer: number | null;
  readonly peerName: string;
  readonly unit: string;
  readonly ratio: number | null;
  /** Like ">= 0.4" or "ours <= 5"; "recorded" where nothing is asked for. */
  readonly target: string;
  readonly pairs: number;
  readonly note: string;
}

/** What one run of one side gave. */
export interface Sample {
  /** In the unit of the comparison. */
  readonly amount: number;
  /** Processor time of one reading in this process and those measured with it, microseconds. */
  readonly cpuMicros?: number;
  /** Whether the sums over what was measured came out to the last digit. */
  readonly exact: boolean;
}

/** What a row compares. */
export interface RowHead {
  readonly name: string;
  readonly unit: string;
  readonly peerName: string;
  readonly target: string;
  readonly note: string;
}

/** Two ways to do the same work. */
export interface Comparison extends RowHead {
  readonly ours: () => Promise<Sample>;
  readonly peer: () => Promise<Sample>;
  /** Our warm-up, of the same kind of work, where one run is too short for it. */
  readonly warmUp?: () => Promise<Sample>;
}

/** What rounding may make of a ratio. */
const RATIO_ERROR = 1e-9;
const TARGET = /^(?:recorded|(?:ours )?[<>]= \d+(?:\.\d+)?)$/;

/** A measurement of a wrong sum measures nothing. */
export class InexactSumError extends Error {}

/**
 * Runs both sides to warm up and then in turns, A B A B, so that whatever else the machine does falls on
 * both alike; the medians stand for the sides.
 * @throws InexactSumError after the first run, warm-up included, whose sums are not exact
 */
export async function measure(comparison: Comparison, pairs: number, warmUpRuns = 1): Promise<BenchRow> {
  const { name, unit, peerName, target } = comparison;
  const ours: Sample[] = [];
  const peer: Sample[] = [];
  for (let run = 0; run < warmUpRuns + pairs; run++) {
    const oursNow = run < warmUpRuns ? (comparison.warmUp ?? comparison.ours) : comparison.ours;
    const ourSample = await exactly(name, 'ours', oursNow);
    const peerSample = await exactly(name, peerName, comparison.peer);
    if (run < warmUpRuns) continue;
    ours.push(ourSample);
    peer.push(peerSample);
  }
  const ourAmount = median(ours.map(({ amount }) => amount));
  const peerAmount = median(peer.map(({ amount }) => amount));
  return {
    name,
    ours: ourAmount,
    peer: peerAmount,
    peerName,
    unit,
    ratio: ourAmount / peerAmount,
    target,
    pairs,
    note: [comparison.note, cpuNote(ours, peer)].filter((part) => part !== '').join('; '),
  };
}

/**
 * Holds a row to what whoever reads the benchmark's answer builds on.
 * @param name what the row is asked for by.
 * @throws Error when it has another name, a target nobody understands, or figures that do not belong together
 */
export function checkRow(row: BenchRow, name: string): BenchRow {
  const { ours, peer, ratio, target } = row;
  const figures = ours !== null && peer !== null && ratio !== null;
  const wrong =
    row.name !== name ||
    !TARGET.test(target) ||
    (figures
      ? !(peer > 0 && ours !== 0 && Math.abs(ratio - ours / peer) < RATIO_ERROR)
      : ours !== peer || peer !== ratio);
  if (wrong)
    throw new Error(`expected a row ${name} of two figures and their ratio, got ${JSON.stringify(row)}`);
  return row;
}

/** The row of a comparison that can't be made here. */
export function skippedRow({ note, ...head }: RowHead, reason: string): BenchRow {
  return { ...head, ours: null, peer: null, ratio: null, pairs: 0, note: `not measured: ${reason}; ${note}` };
}

/** Whether a row meets its target; null where it was not measured or nothing is asked for. */
export function meetsTarget({ ours, ratio, target }: BenchRow): boolean | null {
  const asked = /^(ours )?([<>])= (\d+(?:\.\d+)?)$/.exec(target);
  const found = asked?.[1] === undefined ? ratio : ours;
  if (asked === null || found === null) return null;
  return asked[2] === '<' ? found <= Number(asked[3]) : found >= Number(asked[3]);
}

/** @throws InexactSumError where the sums of the run are not exact */
export async function exactly(name: string, side: string, run: () => Promise<Sample>): Promise<Sample> {
  const sample = await run();
  if (sample.exact) return sample;
  throw new InexactSumError(`${name}: expected exact sums from "${side}", got others`);
}

function cpuNote(ours: readonly Sample[], peer: readonly Sample[]): string {
  const times = (samples: readonly Sample[]) => samples.flatMap(({ cpuMicros }) => cpuMicros ?? []);
  const [ourTimes, peerTimes] = [times(ours), times(peer)];
  if (ourTimes.length === 0 || peerTimes.length === 0) return '';
  return `CPU per reading ${Math.round(median(ourTimes))} against ${Math.round(median(peerTimes))} microseconds`;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? upper) + upper) / 2;
}
