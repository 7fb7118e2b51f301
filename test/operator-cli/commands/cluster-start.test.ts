import { appendFile, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { NodeEnd } from '../../../operator-cli/node-program.ts';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { fixedKey } from '../../support/development-ring.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { cli, clusterFolder } from '../support/cli.ts';
import { fakeClouds } from '../support/fake-clouds.ts';

const KILLED: NodeEnd = { code: null, signal: 'SIGKILL' };
const exit = (code: number): NodeEnd => ({ code, signal: null });

/** What nodes that are made up do by themselves. */
interface Ends {
  /** How they end while they start, by name, after they have written what is given. */
  readonly starting?: Readonly<Record<string, readonly [NodeEnd, string]>>;
  /** The same once all serve, one after the other. */
  readonly serving?: readonly (readonly [string, NodeEnd, string])[];
  /** A person stops the command in the end. */
  readonly interrupted?: boolean;
}

/** Runs `cluster start` over nodes that are made up; each ends when it is stopped, or as it is told here. */
async function start(folder: string, { starting = {}, serving = [], interrupted = true }: Ends = {}) {
  const clouds = await fakeClouds();
  const stopping = new AbortController();
  const started: string[] = [];
  const stopped: string[] = [];
  const ends = new Map<string, (end: NodeEnd) => void>();
  const logs = new Map<string, string>();
  let asked = 0;
  let err = '';
  clouds.on(operations.READ_STATUS, (node) => {
    asked += 1;
    return {
      node,
      domain: node.slice(0, 1),
      epoch: 1,
      // Not at the first question, and never where a node does not start.
      ready: asked > 6 && Object.keys(starting).length === 0,
      reasons: [],
      storeId: '00',
      commitSeq: 1,
      corruptRows: 0,
      undecidedFlags: 0,
      thinPartitions: 0,
      hintedPartitions: 0,
      acceptors: 1,
      streams: 0,
      uptimeMs: 1,
      clockMs: 1,
    };
  });
  const endOf = async (name: string, end: NodeEnd, text: string) => {
    await appendFile(logs.get(name) ?? '', text);
    ends.get(name)?.(end);
  };
  const told = (text: string) => {
    err += text;
    if (!text.includes('ready; Ctrl-C')) return;
    void (async () => {
      for (const [name, end, written] of serving) {
        await endOf(name, end, written);
        await expect.poll(() => err).toContain(`node ${name} `);
      }
      if (interrupted) stopping.abort();
    })();
  };
  let closed = 0;
  const run = await cli(['cluster', 'start', folder], {
    clouds,
    workingFolder: dirname(folder),
    signal: stopping.signal,
    err: told,
    connect: () => ({
      operator: createOperator(clouds.ports),
      signer: fixedKey('operator').signer,
      async close() {
        closed += 1;
      },
    }),
    startNode(config, log) {
      const name = basename(dirname(config));
      started.push(name);
      logs.set(name, log);
      const ended = new Promise<NodeEnd>((resolve) => void ends.set(name, resolve));
      const own = starting[name];
      if (own !== undefined) void endOf(name, ...own);
      return {
        pid: 1_000 + started.length,
        ended,
        stop() {
          stopped.push(name);
          ends.get(name)?.(exit(0));
        },
      };
    },
  });
  await expect.poll(() => closed).toBe(started.length === 0 ? 0 : 1);
  return { ...run, err, started, stopped, asked };
}

test('starts every node of the folder, says when all serve, and stops them with the person', async () => {
  const done = await start(await clusterFolder());
  expect(done.code).toBe(0);
  expect(done.started).toEqual(['cloud-a-1', 'cloud-b-1']);
  expect(done.stopped).toEqual(done.started);
  expect(done.out).toContain(`cloud-a-1  1001     ${join('cluster', 'cloud-a', 'cloud-a-1', 'log')}`);
  expect(done.err).toContain('2 nodes ready; Ctrl-C stops them');
  expect(done.err).not.toContain('start it again');
  expect(done.asked).toBeGreaterThan(6);
});

test.each([
  [exit(2), 'first\nADDRESS_IN_USE: taken\n', 2, 'ADDRESS_IN_USE: .* cloud-b-1, .* exit code 2: taken'],
  [exit(1), 'STORE_FAILED: no disk\n', 1, 'STORE_FAILED: .* cloud-b-1, .* exit code 1: no disk'],
  [exit(1), 'thrown\n', 1, 'INTERNAL: .* cloud-b-1, .* the last line of \\S*cloud-b-1\\S* is: thrown'],
  [exit(2), 'unknown option\n', 2, 'INVALID_ARGUMENT: .* cloud-b-1, .* is: unknown option'],
  [KILLED, '', 1, 'INTERNAL: .* cloud-b-1, which was ended by SIGKILL; it wrote nothing to \\S*cloud-b-1'],
] as const)(
  'a node that does not start (%o, %j) ends the others and the command, under its own code',
  async (end, written, code, error) => {
    const folder = await clusterFolder();
    await appendFile(join(folder, 'cloud-b', 'cloud-b-1', 'log'), 'STORE_LOCKED: in the run before\n');
    const done = await start(folder, { starting: { 'cloud-b-1': [end, written] } });
    expect(done.code).toBe(code);
    expect(done.stopped).toContain('cloud-a-1');
    expect(done.err).toMatch(new RegExp(error));
  },
);

test('a node that ends while all serve is told, and the others go on until the person stops them', async () => {
  const done = await start(await clusterFolder(), {
    serving: [['cloud-b-1', KILLED, 'one\ntwo\n\nthree\nfour\nfive\nsix\n']],
  });
  expect(done.code).toBe(0);
  const folder = join('cluster', 'cloud-b', 'cloud-b-1');
  expect(done.err.split('\n').slice(-8)).toEqual([
    `node cloud-b-1 was ended by SIGKILL; 1 other runs on; the end of ${join(folder, 'log')}:`,
    ...['two', 'three', 'four', 'five', 'six'].map((line) => `    ${line}`),
    `to start it again: m-cloud-node --config ${join(folder, 'node.json')}`,
    '',
  ]);
});

test('the command ends when no node is left', async () => {
  const done = await start(await clusterFolder(), {
    serving: [
      ['cloud-b-1', exit(1), ''],
      ['cloud-a-1', exit(0), 'node stops\n'],
    ],
    interrupted: false,
  });
  expect(done.code).toBe(1);
  expect(done.err).toContain('node cloud-b-1 ended with exit code 1; 1 other runs on; it wrote nothing to');
  expect(done.err).toContain('node cloud-a-1 ended with exit code 0; 0 others run on; the end of');
  expect(done.err).toMatch(/INTERNAL: .* got the end of all 2/);
});

test('a folder without nodes, or none, is told as such', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'empty'));
  const empty = await start(join(folder, 'empty'));
  expect(empty).toMatchObject({ code: 2, started: [] });
  expect(empty.err).toContain('no DOMAIN/NODE/node.json');
  expect((await start(join(folder, 'none'))).err).toContain('ENOENT');
});
