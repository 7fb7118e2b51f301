import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import Fastify from 'fastify';
import { Level } from 'level';
import { answerParent } from './messages.ts';
import { plainSumsOf } from './plain-sums.ts';

/*
 * What people write who hide nothing: an HTTPS endpoint that takes a reading as JSON, checks it against a schema and
 * answers when it is synced to disk. Group commit: what comes while one batch is synced goes into the next.
 */

interface Reading {
  readonly sensor: string;
  readonly value: number;
}

const BODY_BYTES_MAX = 4 * 1_048_576;
const SEQUENCE_DIGITS = 12;
const [folder = ''] = process.argv.slice(2);

const readingSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['sensor', 'value'],
  properties: {
    sensor: { type: 'string', minLength: 1, maxLength: 64 },
    value: { type: 'number', minimum: -50, maximum: 60 },
  },
};
const runSchema = { type: 'object', properties: { run: { type: 'integer' } } };

const level = new Level<string, string>(join(folder, 'level'), { compression: false });
await level.open();
const waiting: {
  rows: readonly (readonly [string, string])[];
  done: () => void;
  failed: (e: unknown) => void;
}[] = [];
let writing = false;
let sequence = 0;

async function write(): Promise<void> {
  writing = true;
  while (waiting.length > 0) {
    const group = waiting.splice(0);
    try {
      const batch = level.batch();
      for (const { rows } of group) for (const [key, value] of rows) batch.put(key, value);
      await batch.write({ sync: true });
      for (const { done } of group) done();
    } catch (error) {
      for (const { failed } of group) failed(error);
    }
  }
  writing = false;
}

function store(run: number, texts: readonly string[]): Promise<void> {
  const rows = texts.map(
    (text) => [`${run}/${String(++sequence).padStart(SEQUENCE_DIGITS, '0')}`, text] as const,
  );
  return new Promise((done, failed) => {
    waiting.push({ rows, done, failed });
    if (!writing) write().catch(failed);
  });
}

const server = Fastify({
  bodyLimit: BODY_BYTES_MAX,
  https: {
    cert: await readFile(join(folder, 'tls.cert')),
    key: await readFile(join(folder, 'tls.key')),
    minVersion: 'TLSv1.3',
  },
});
server.post<{ Params: { run: number }; Body: Reading }>(
  '/runs/:run/readings',
  { schema: { params: runSchema, body: readingSchema } },
  async ({ params, body }) => {
    await store(params.run, [JSON.stringify({ ...body, receivedAt: Date.now() })]);
    return { stored: 1 };
  },
);
server.post<{ Params: { run: number }; Body: readonly Reading[] }>(
  '/runs/:run/batches',
  { schema: { params: runSchema, body: { type: 'array', items: readingSchema } } },
  async ({ params, body }) => {
    await store(
      params.run,
      body.map((reading) => JSON.stringify(reading)),
    );
    return { stored: body.length };
  },
);
server.post<{ Params: { run: number }; Body: readonly Reading[] }>(
  '/runs/:run/bodies',
  { schema: { params: runSchema, body: { type: 'array', items: readingSchema } } },
  async ({ params, body }) => {
    await store(params.run, [JSON.stringify(body)]);
    return { stored: body.length };
  },
);
await server.listen({ host: '127.0.0.1', port: 0 });

async function valuesOf(run: unknown): Promise<readonly number[]> {
  const texts = await level.values({ gt: `${run}/`, lt: `${run}0` }).all();
  const readings = texts.flatMap((text): readonly Reading[] => JSON.parse(text));
  return readings.map(({ value }) => value);
}

answerParent({
  port: () => (server.server.address() as AddressInfo).port,
  sums: async (run) => plainSumsOf(await valuesOf(run)),
});
