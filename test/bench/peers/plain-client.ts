import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'undici';
import { createAuthority } from '../../support/certificates.ts';
import { processCpuMicros } from '../../support/process-cpu.ts';
import type { ByteCounter } from '../byte-counter.ts';
import { openByteCounter } from '../byte-counter.ts';
import type { Sample } from '../comparison.ts';
import { inFlight } from '../in-flight.ts';
import { timed } from '../stopwatch.ts';
import { plainSumsOf, sameSums } from './plain-sums.ts';
import { startProgram } from './program.ts';

/** Connections of a row that does not look for the best number of them. */
const CONNECTIONS = 64;
const SENSOR = 'e0b1c2d3e4f5a6b7';

export interface PlainEndpoint {
  /** Readings as requests of their own, over at most so many connections. */
  upload(texts: readonly string[], most: number, connections?: number): Promise<Sample>;
  /** Readings as batches, with the bytes on the wire where they are to be counted. */
  uploadBatches(texts: readonly string[], how: PlainBatches): Promise<Sample & { readonly bytes: number }>;
  close(): Promise<void>;
}

export interface PlainBatches {
  /** Readings of a batch. */
  readonly batch: number;
  /** Batches under way. */
  readonly inFlight: number;
  readonly kept: 'each reading' | 'the body';
  readonly counted?: boolean;
}

/** The plain endpoint in a process of its own, and a client of it in this one. */
export async function openPlainEndpoint(): Promise<PlainEndpoint> {
  const folder = await mkdtemp(join(tmpdir(), 'mcloud-plain-'));
  const authority = await createAuthority('plain');
  const { cert, key } = await authority.issue();
  await writeFile(join(folder, 'tls.cert'), cert);
  await writeFile(join(folder, 'tls.key'), key);
  const program = startProgram('plain-endpoint', [folder]);
  const origin = `https://localhost:${await program.ask('port')}`;
  const pools = new Map<string, Pool>();
  let counter: ByteCounter | undefined;
  let run = 0;

  function poolOf(connections: number, to = origin): Pool {
    const name = `${connections} ${to}`;
    const known = pools.get(name);
    if (known !== undefined) return known;
    const made = new Pool(to, { connections, connect: { ca: authority.pem } });
    pools.set(name, made);
    return made;
  }

  async function post(pool: Pool, path: string, body: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await pool.request({ method: 'POST', path, body, headers });
    await answer.body.text();
    if (answer.statusCode !== 200)
      throw new Error(`expected the plain endpoint to store, got ${answer.statusCode}`);
  }

  return {
    async upload(texts, most, connections = CONNECTIONS) {
      const at = ++run;
      const pool = poolOf(Math.min(most, connections));
      const cpuBefore = await processCpuMicros(program.pid);
      const { wallMicros, cpuMicros } = await timed(() =>
        inFlight(texts.length, most, (index) =>
          post(pool, `/runs/${at}/readings`, JSON.stringify({ sensor: SENSOR, value: Number(texts[index]) })),
        ),
      );
      const nodeCpuMicros = (await processCpuMicros(program.pid)) - cpuBefore;
      return {
        amount: (texts.length * 1e6) / wallMicros,
        cpuMicros: (cpuMicros + nodeCpuMicros) / texts.length,
        exact: sameSums(await program.ask('sums', at), plainSumsOf(texts)),
      };
    },
    async uploadBatches(texts, { batch, inFlight: most, kept, counted = false }) {
      const at = ++run;
      if (counted) counter ??= await openByteCounter(origin);
      const pool = poolOf(Math.min(most, CONNECTIONS), counted ? counter?.origin : undefined);
      const path = `/runs/${at}/${kept === 'the body' ? 'bodies' : 'batches'}`;
      const cpuBefore = await processCpuMicros(program.pid);
      const bytesBefore = counter?.bytes() ?? 0;
      const { wallMicros, cpuMicros } = await timed(() =>
        inFlight(Math.ceil(texts.length / batch), most, (index) => {
          const readings = texts
            .slice(index * batch, (index + 1) * batch)
            .map((text) => ({ sensor: SENSOR, value: Number(text) }));
          return post(pool, path, JSON.stringify(readings));
        }),
      );
      const bytes = (counter?.bytes() ?? 0) - bytesBefore;
      const nodeCpuMicros = (await processCpuMicros(program.pid)) - cpuBefore;
      return {
        amount: (texts.length * 1e6) / wallMicros,
        cpuMicros: (cpuMicros + nodeCpuMicros) / texts.length,
        exact: sameSums(await program.ask('sums', at), plainSumsOf(texts)),
        bytes,
      };
    },
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.close()));
      await counter?.close();
      await program.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
