import { spawn } from 'node:child_process';
import { atExit } from '../../../operator-cli/at-exit.ts';

// Stands for a benchmark: it has started a process of its own, which holds the output open while it lives.
const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], {
  stdio: ['ignore', 'inherit', 'ignore'],
});
atExit(() => void child.kill('SIGKILL'));
if (process.argv.includes('--own-listener')) process.once('SIGTERM', () => process.exit(3));
child.once('spawn', () => process.stdout.write('started\n'));
