import { deepStrictEqual, match, strictEqual } from 'node:assert';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainStatistics } from '../../operator-cli/embedded/plain-statistics.ts';
import { run } from './commands.ts';
import { type ComposeProject, composeProject } from './compose-project.ts';

/**
 * Inside namespaces of its own: brings the compose file up, uploads, kills a container, computes, compares, and
 * takes it down.
 *
 *     scenario.ts PROJECT_FOLDER SCRATCH_FOLDER NODE...
 */
const [root = '', scratch = '', ...nodes] = process.argv.slice(2);
const DIGITS = 30;
const READINGS_BEFORE = 120;
const READINGS_DURING = 60;
/** Killed while sensors upload; it is the first owner of about half the partitions of its domain. */
const VICTIM = 'cloud-b-1';

/** Temperatures from -40.0 to 59.7 that no two neighbours of share. */
const readings = Array.from({ length: READINGS_BEFORE + READINGS_DURING }, (_, i) =>
  (((i * 577) % 998) / 10 - 40).toFixed(1),
);

function say(message: string): void {
  process.stdout.write(`${(performance.now() / 1_000).toFixed(1).padStart(6)} s  ${message}\n`);
}

async function upload(project: ComposeProject, stream: string, some: readonly string[]): Promise<void> {
  const from = ['--bundle', '/etc/m-cloud/sensor.json', '--allow-development', '--stream', stream];
  const report = await project.json('sensor', ['upload', ...from, '--stdin'], `${some.join('\n')}\n`);
  const { readings: taken, committed } = report as Record<string, unknown>;
  deepStrictEqual({ taken, committed }, { taken: some.length, committed: some.length });
}

async function checkConfinement(project: ComposeProject): Promise<void> {
  strictEqual((await project.inside(VICTIM, 'id -u')).trim(), '1000');
  match(await project.inside(VICTIM, 'touch /app/x 2>&1 || true'), /Read-only file system/);
  const status = await project.inside(VICTIM, 'cat /proc/1/status');
  match(status, /^CapEff:\s+0+$/m);
  match(status, /^CapBnd:\s+0+$/m);
  match(status, /^NoNewPrivs:\s+1$/m);
  match(await project.inside(VICTIM, 'ls -ld /data/store'), /^drwx------/);
}

async function story(project: ComposeProject): Promise<void> {
  await project.up(nodes);
  say(`${nodes.length} containers are up`);
  await project.healthy(nodes);
  say('all are healthy by their own command');
  await checkConfinement(project);
  say('a node is user 1000, without capabilities, on a read-only root');
  const field = ['--field', 'celsius', '--decimals', '1', '--min', '-40', '--max', '60', '--public-data'];
  const created = await project.json('operator', ['stream', 'create', '--name', 'temperature', ...field]);
  const stream = String((created as Record<string, unknown>).hash);
  await project.json('operator', ['window', 'open', 'temperature']);
  await upload(project, stream, readings.slice(0, READINGS_BEFORE));
  say(`${READINGS_BEFORE} readings are committed`);
  await project.kill(VICTIM);
  strictEqual(await project.isRunning(VICTIM), false);
  await upload(project, stream, readings.slice(READINGS_BEFORE));
  say(`${VICTIM} is killed, and ${READINGS_DURING} more readings are committed without it`);
  await project.start(VICTIM);
  await project.healthy([VICTIM]);
  say(`${VICTIM} is back on its volume`);
  const computed = await project.json('operator', [
    ...['compute', 'temperature', '--seal', '--wait', '120', '--digits', String(DIGITS)],
  ]);
  const { total } = computed as { readonly total: Record<string, unknown> };
  const { fields, committed, excluded } = total;
  deepStrictEqual({ committed, excluded }, { committed: readings.length, excluded: 0 });
  const celsius = (fields as Record<string, Record<string, unknown>>).celsius ?? {};
  // `compute` says more than the plain computation does.
  const plain = plainStatistics(readings, DIGITS);
  const compared = Object.fromEntries(Object.keys(plain).map((name) => [name, celsius[name]]));
  deepStrictEqual(compared, plain);
  say(`computed over ${readings.length} readings: every digit is the plain computation's`);
}

async function prepare(): Promise<void> {
  await run('ip', ['link', 'set', 'lo', 'up']);
  // What container programs keep outside their storage stays in here.
  await run('mount', ['-t', 'tmpfs', 'tmpfs', '/run']);
  await mkdir('/run/lock', { recursive: true });
  // No name server is reached from here: unknown names are answered at once instead of after a time-out.
  await writeFile(join(scratch, 'resolv.conf'), 'nameserver 127.0.0.1\n');
  await run('mount', ['--bind', join(scratch, 'resolv.conf'), '/etc/resolv.conf']);
}

await prepare();
const project = composeProject({ root, env: process.env });
try {
  await story(project);
} catch (error) {
  for (const node of nodes) process.stderr.write(`${node}:\n${await project.logs(node)}\n`);
  throw error;
} finally {
  await project.down();
  say('down');
}
