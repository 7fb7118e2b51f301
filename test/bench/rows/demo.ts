import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LOADER_OPTIONS, programFile } from '../../support/program-files.ts';
import { type BenchRow, InexactSumError } from '../comparison.ts';
import { timed } from '../stopwatch.ts';

/** What the default demo may take on two cores, seconds. */
const ALLOWED_SECONDS = 30;

/** The default demo in a process of its own, from the command to the end of the process. */
export async function demoRow(demoArguments: readonly string[] = []): Promise<BenchRow> {
  let answer = '';
  const { wallMicros } = await timed(async () => {
    const program = programFile('operator-cli/main');
    const command = [...LOADER_OPTIONS, program, 'demo', '--json', ...demoArguments];
    answer = (await promisify(execFile)(process.execPath, command)).stdout;
  });
  const { exact, uploaded }: { readonly exact: unknown; readonly uploaded: unknown } = JSON.parse(answer);
  if (exact !== true) throw new InexactSumError('demo: expected exact sums, got others');
  const ours = wallMicros / 1e6;
  return {
    name: 'demo',
    ours,
    peer: ALLOWED_SECONDS,
    peerName: 'time it may take',
    unit: 'seconds',
    ratio: ours / ALLOWED_SECONDS,
    target: '<= 1',
    pairs: 1,
    note: `one run of the command, ${uploaded} readings, start and stop of the cluster included`,
  };
}
