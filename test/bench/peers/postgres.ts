import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { atExit } from '../../../operator-cli/at-exit.ts';
import { findFreePorts } from '../../../operator-cli/embedded/free-ports.ts';
import { systemClock } from '../../../src/platform/index.ts';
import { createAuthority } from '../../support/certificates.ts';
import type { Sample } from '../comparison.ts';
import { inFlight } from '../in-flight.ts';
import { timed } from '../stopwatch.ts';
import { plainSumsOf, sameSums } from './plain-sums.ts';

const HOST = '127.0.0.1';
/** Where Debian's package puts its programs. */
const PROGRAMS = '/usr/lib/postgresql/15/bin';
/** Account that Debian's package makes; the server refuses to run as root. */
const ACCOUNT = 'postgres';
const READY_ATTEMPTS_MAX = 200;
const READY_PAUSE_MS = 100;
const SENSOR = 'e0b1c2d3e4f5a6b7';
const clock = systemClock();
const run = promisify(execFile);

/** Inserts under way in the rows that compare with it. */
export const POSTGRES_CONNECTIONS = 32;

export interface Postgres {
  /** One-row inserts, each a transaction of its own, synced as the package's defaults say. */
  upload(texts: readonly string[], connections: number): Promise<Sample>;
  close(): Promise<void>;
}

export const hasPostgres = (): boolean => existsSync(join(PROGRAMS, 'postgres'));

/** PostgreSQL 15 with its default settings, TLS and an empty database, in a temporary folder. */
export async function openPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'mcloud-postgres-'));
  const account = await accountOf();
  const owned = async (path: string) => {
    if ('uid' in account) await chown(path, account.uid, account.gid);
  };
  await owned(folder);
  const data = join(folder, 'data');
  const initial = ['-D', data, '-U', ACCOUNT, '-A', 'trust', '--no-instructions'];
  await run(join(PROGRAMS, 'initdb'), initial, { ...account, cwd: folder });
  const authority = await createAuthority('postgres');
  const { cert, key } = await authority.issue();
  for (const [name, text] of Object.entries({ 'server.crt': cert, 'server.key': key })) {
    await writeFile(join(data, name), text);
    await chmod(join(data, name), 0o600);
    await owned(join(data, name));
  }
  const [port = 0] = await findFreePorts(HOST, 1);
  const settings = ['-D', data, '-h', HOST, '-p', String(port), '-k', folder, '-c', 'ssl=on'];
  const server = spawn(join(PROGRAMS, 'postgres'), settings, { ...account, cwd: folder, stdio: 'ignore' });
  const exited = once(server, 'exit');
  const kill = () => server.kill('SIGQUIT');
  const stay = atExit(kill);
  const options = { host: HOST, port, user: ACCOUNT, database: ACCOUNT, ssl: { ca: authority.pem } };
  const pools = new Map<number, pg.Pool>();
  const poolOf = (max: number): pg.Pool => {
    const known = pools.get(max);
    if (known !== undefined) return known;
    const pool = new pg.Pool({ ...options, max });
    // A server that stops tells connections that are still hanging up; what goes wrong in a query is told by the query.
    pool.on('error', () => {});
    pools.set(max, pool);
    return pool;
  };
  await untilReady(poolOf(1));
  await poolOf(1).query('CREATE TABLE readings (run integer, sensor text, value numeric(5, 1))');
  let last = 0;

  return {
    async upload(texts, connections) {
      const at = ++last;
      const pool = poolOf(connections);
      const insert = { name: 'insert', text: 'INSERT INTO readings VALUES ($1, $2, $3)' };
      const { wallMicros } = await timed(() =>
        inFlight(texts.length, connections, (index) =>
          pool.query({ ...insert, values: [at, SENSOR, texts[index]] }),
        ),
      );
      const { rows } = await pool.query('SELECT value FROM readings WHERE run = $1', [at]);
      const found = plainSumsOf(rows.map((row: { readonly value: string }) => row.value));
      return { amount: (texts.length * 1e6) / wallMicros, exact: sameSums(found, plainSumsOf(texts)) };
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.end()));
      stay();
      server.kill('SIGINT');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The unprivileged account to run as, where this process is root. */
async function accountOf(): Promise<{ uid: number; gid: number } | Record<never, never>> {
  if (process.getuid?.() !== 0) return {};
  const number = async (option: string) => Number((await run('id', [option, ACCOUNT])).stdout);
  return { uid: await number('-u'), gid: await number('-g') };
}

async function untilReady(pool: pg.Pool): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await pool.query('SELECT 1');
      return;
    } catch (error) {
      if (attempt === READY_ATTEMPTS_MAX) throw error;
      await clock.sleep(READY_PAUSE_MS);
    }
  }
}
