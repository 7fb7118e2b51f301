/** How long work took. */
export interface Elapsed {
  readonly wallMicros: number;
  /** Processor time of this process, all its threads. */
  readonly cpuMicros: number;
}

export async function timed(work: () => unknown): Promise<Elapsed> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await work();
  const wallMicros = (performance.now() - begun) * 1_000;
  const { user, system } = process.cpuUsage(cpu);
  return { wallMicros, cpuMicros: user + system };
}
