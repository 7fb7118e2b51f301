import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import type { Published } from '../../../src/protocol/ring-messages.ts';
import { cli, clusterFolder } from '../support/cli.ts';
import { fakeClouds } from '../support/fake-clouds.ts';

/** An operator whose ring has the epoch 1, the document of epoch 2, and clouds that answer to its publication. */
async function secondRing(answer: Partial<Published> = {}) {
  const workingFolder = await clusterFolder();
  const clouds = await fakeClouds();
  const published = {
    epoch: 2,
    nodes: 2,
    stored: 2,
    placementFrom: 0,
    inForce: true,
    missing: [],
    ...answer,
  };
  clouds.on(operations.PUBLISH_RING, () => published);
  const run = (...args: string[]) => cli([...args, '--config', 'operator.json'], { workingFolder, clouds });
  const sections = ['cloud-a/section.jws', 'cloud-b/section.jws'];
  const made = await run('ring', 'assemble', ...sections, '--previous', 'ring.jws', '--out', 'ring-2.jws');
  expect(made.code, made.err).toBe(0);
  return { run, text: (name: string) => readFile(join(workingFolder, name), 'utf8') };
}

it('puts the document in the place of the operator’s own, and names the nodes that lack it', async () => {
  const missing = [{ node: 'cloud-b-1', code: 'UNREACHABLE', message: 'no answer: ECONNREFUSED' }];
  const { run, text } = await secondRing({ stored: 1, missing });
  const { code, out, err } = await run('ring', 'publish', 'ring-2.jws');
  expect(code).toBe(0);
  expect(out).toContain('nodes that have it   1 of 2\n');
  expect(out).toContain('\nMissing:\n  cloud-b-1  UNREACHABLE: no answer: ECONNREFUSED\n');
  expect(err).toMatch(/^ring-2.jws is now the ring document of the operator, .*ring.jws$/m);
  expect(await text('ring.jws')).toBe(await text('ring-2.jws'));
});

it('keeps the operator’s document where the nodes have a newer one than the one given', async () => {
  const { run, text } = await secondRing({ epoch: 3 });
  const before = await text('ring.jws');
  const { code, err } = await run('ring', 'publish', 'ring-2.jws');
  expect(code).toBe(4);
  expect(err).toContain('RING_REFUSED: expected the newest ring document, got epoch 2; the nodes have 3');
  expect(await text('ring.jws')).toBe(before);
});
