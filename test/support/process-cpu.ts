import { readdir, readFile } from 'node:fs/promises';

const NANOS_PER_MICRO = 1_000;

/**
 * Processor time of a process so far, all its living threads, microseconds; Linux only, else 0. The scheduler counts it
 * in nanoseconds, where /proc/PID/stat has hundredths of a second.
 */
export async function processCpuMicros(pid: number | undefined): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const nanos = await Promise.all(threads.map((thread) => nanosOf(`/proc/${pid}/task/${thread}/schedstat`)));
  return nanos.reduce((sum, one) => sum + one, 0) / NANOS_PER_MICRO;
}

async function nanosOf(path: string): Promise<number> {
  const [running] = (await readFile(path, 'utf8').catch(() => '')).split(' ');
  return Number(running);
}
