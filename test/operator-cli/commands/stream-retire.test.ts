import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { openRetirement, signRetirement } from '../../../src/protocol/stream-retirement.ts';
import { fixedKey, testVerifier } from '../../support/development-ring.ts';
import { cli, clusterFolder } from '../support/cli.ts';
import { fakeClouds, listedWindow, WINDOW } from '../support/fake-clouds.ts';

/** Clouds that know the stream, an older retired one of its name, and a third name that two streams share. */
async function scene() {
  const clouds = await fakeClouds();
  const { hash, name, jws } = clouds.stream;
  const documents: string[] = [];
  clouds.on(operations.LIST_STREAMS, () => ({
    streams: [
      { stream: 'e'.repeat(64), name, retired: true },
      { stream: hash, name },
      { stream: '1'.repeat(64), name: 'twice' },
      { stream: '2'.repeat(64), name: 'twice' },
    ],
  }));
  clouds.on(operations.READ_STREAM, () => ({
    document: jws,
    windows: [listedWindow(WINDOW)],
    ...(documents[0] === undefined ? {} : { retired: documents[0] }),
  }));
  clouds.on(operations.RETIRE_STREAM, (node, { document }) => {
    if (node === 'b2') throw new EngineError('UNREACHABLE', 'no answer');
    documents.push(document);
    return { done: true };
  });
  const config = join(await clusterFolder(), 'operator.json');
  return { clouds, documents, run: (...args: string[]) => cli([...args, '--config', config], { clouds }) };
}

describe('stream retire', () => {
  it('signs the end of the one stream of that name, and hands it to every node', async () => {
    const { clouds, documents, run } = await scene();
    const { code, out, err } = await run('stream', 'retire', 'temperatures', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      stream: clouds.stream.hash,
      retired: true,
      taken: ['a1', 'a2', 'b1', 'c1', 'c2'],
    });
    expect(err).toContain('node b2 did not take it: UNREACHABLE; the others pass it on');
    expect(new Set(documents).size).toBe(1);
    const opened = await openRetirement(documents[0] ?? '', testVerifier, clouds.ring.operatorKey);
    expect(opened.stream).toBe(clouds.stream.hash);
  });

  it('ends one that a domain refused, by its hash, which that domain does not list', async () => {
    const { clouds, run } = await scene();
    const { hash, name, jws } = clouds.stream;
    const absent = (node: string) => {
      if (node.startsWith('a')) throw new EngineError('UNKNOWN_STREAM', 'not here');
    };
    clouds.on(operations.LIST_STREAMS, (node) => ({
      streams: node.startsWith('a') ? [] : [{ stream: hash, name }],
    }));
    clouds.on(operations.READ_STREAM, (node) => {
      absent(node);
      return { document: jws, windows: [] };
    });
    clouds.on(operations.RETIRE_STREAM, (node) => {
      absent(node);
      return { done: true };
    });
    const { code, out } = await run('stream', 'retire', hash, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ stream: hash, taken: ['b1', 'b2', 'c1', 'c2'], missed: [] });
  });

  it('shows in list and show, and what was released stays readable', async () => {
    const { run } = await scene();
    expect((await run('stream', 'show', 'temperatures')).out).not.toContain('retired');
    await run('stream', 'retire', 'temperatures');
    const show = await run('stream', 'show', 'temperatures');
    expect(show.out).toContain('  retired: it opens no window and takes no reading any more\n');
    expect(show.out).toContain('RELEASED');
    const list = await run('stream', 'list');
    expect(list.out).toMatch(/temperatures {2}e{64} {2}retired\n/);
    const json = JSON.parse((await run('stream', 'list', '--json')).out);
    expect(json.map(({ retired }: { retired: boolean }) => retired)).toEqual([true, false, false, false]);
  });

  it('lists the hashes where a name means several streams', async () => {
    const { documents, run } = await scene();
    const { code, err } = await run('stream', 'retire', 'twice');
    expect(code).toBe(2);
    expect(err).toMatch(/expected one stream, got 2 called twice; name one by its hash: 1{12}, 2{12}\n/);
    expect(documents).toEqual([]);
  });

  it('believes no node that says so in other words than the operator\u2019s', async () => {
    const { clouds, run } = await scene();
    const { jws, hash } = clouds.stream;
    const forged = await signRetirement(hash, fixedKey('domain a').signer);
    clouds.on(operations.READ_STREAM, () => ({ document: jws, windows: [], retired: forged }));
    expect((await run('stream', 'show', 'temperatures')).err).toContain('SIGNATURE_INVALID');
  });
});
