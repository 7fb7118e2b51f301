import { readFile } from 'node:fs/promises';

/** Linux counts processor time in hundredths of a second. */
const CLOCK_TICK_MICROS = 10_000;

/** Processor time of a process so far, all its threads, microseconds; Linux only, else 0. */
export async function processCpuMicros(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in brackets may hold blanks; user and system time are the 12th and 13th fields after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * CLOCK_TICK_MICROS;
}
