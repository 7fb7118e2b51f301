import { appendFile, mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { fixedKey } from '../../support/development-ring.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { cli, clusterFolder } from '../support/cli.ts';
import { fakeClouds } from '../support/fake-clouds.ts';

/** Runs `cluster start` over nodes that are made up; each ends when it is stopped, or with the code it is given. */
async function start(folder: string, ends: Readonly<Record<string, number>> = {}) {
  const clouds = await fakeClouds();
  const stopping = new AbortController();
  const started: string[] = [];
  const stopped: string[] = [];
  let asked = 0;
  clouds.on(operations.READ_STATUS, (node) => {
    asked += 1;
    return {
      node,
      domain: node.slice(0, 1),
      epoch: 1,
      // Not at the first question.
      ready: asked > 6,
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
  const run = await cli(['cluster', 'start', folder], {
    clouds,
    signal: stopping.signal,
    connect: () => ({
      operator: createOperator(clouds.ports),
      signer: fixedKey('operator').signer,
      async close() {
        // Nobody is asked any more: all serve. The person then stops them, unless one ends by itself.
        if (Object.keys(ends).length === 0) stopping.abort();
      },
    }),
    startNode(config, log) {
      const name = basename(dirname(config));
      started.push(name);
      const code = ends[name];
      let end = (_: number) => {};
      const ended = new Promise<number>((resolve) => {
        end = resolve;
      });
      if (code !== undefined) void appendFile(log, 'first\nADDRESS_IN_USE: taken\n').then(() => end(code));
      return {
        ended,
        stop() {
          stopped.push(name);
          end(0);
        },
      };
    },
  });
  return { ...run, started, stopped, asked };
}

test('starts every node of the folder, says when all serve, and stops them with the person', async () => {
  const done = await start(await clusterFolder());
  expect(done.code).toBe(0);
  expect(done.started).toEqual(['cloud-a-1', 'cloud-b-1']);
  expect(done.stopped).toEqual(done.started);
  expect(done.out).toContain(join('cloud-a', 'cloud-a-1', 'log'));
  expect(done.err).toContain('2 nodes ready; Ctrl-C stops them');
  expect(done.asked).toBeGreaterThan(6);
});

test.each([
  [2, 2, 'INVALID_ARGUMENT'],
  [1, 1, 'INTERNAL'],
])(
  'a node that ends with %i ends the others and the command, and is told by its last line',
  async (ends, code, error) => {
    const done = await start(await clusterFolder(), { 'cloud-b-1': ends });
    expect(done.code).toBe(code);
    expect(done.stopped).toContain('cloud-a-1');
    expect(done.err).toMatch(
      new RegExp(
        `${error}: .* ended with ${ends}; the last line of \\S*cloud-b-1\\S* is: ADDRESS_IN_USE: taken`,
      ),
    );
  },
);

test('a folder without nodes, or none, is told as such', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'empty'));
  const empty = await start(join(folder, 'empty'));
  expect(empty).toMatchObject({ code: 2, started: [] });
  expect(empty.err).toContain('no DOMAIN/NODE/node.json');
  expect((await start(join(folder, 'none'))).err).toContain('ENOENT');
});
