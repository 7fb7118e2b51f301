import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { openStreamDocument } from '../../../src/protocol/stream-document.ts';
import { testVerifier } from '../../support/development-ring.ts';
import { FIELD, streamCreation } from '../support/stream-create.ts';

/** Clouds in which other streams have names, and domains that may refuse a further one. */
async function scene() {
  const creation = await streamCreation({ name: 'taken' });
  const { clouds, documents } = creation;
  /** What the nodes of each domain took, and the domains that refuse. */
  const kept = new Map<string, string>();
  const refusing = new Set<string>();
  const domainOf = (node: string) => node.charAt(0);
  const found = async (jws: string) => {
    const { hash, name } = await openStreamDocument(jws, testVerifier, clouds.ring);
    return { stream: hash, name };
  };
  clouds.on(operations.LIST_STREAMS, async (node) => {
    const own = kept.get(domainOf(node));
    return {
      streams: [
        // A node of the first domain does not list what the others have.
        ...(domainOf(node) === 'a' ? [] : [{ stream: clouds.stream.hash, name: 'taken' }]),
        { stream: 'b'.repeat(64), name: 'ended', ...(node === 'b1' ? { retired: true as const } : {}) },
        ...(own === undefined ? [] : [await found(own)]),
      ],
    };
  });
  clouds.on(operations.READ_STREAM, async (node, { stream }) => {
    const own = kept.get(domainOf(node));
    if (stream === clouds.stream.hash) return { document: clouds.stream.jws, windows: [] };
    if (own === undefined) throw new EngineError('UNKNOWN_STREAM', 'not here');
    return { document: own, windows: [] };
  });
  clouds.on(operations.PUT_STREAM, (node, { document }) => {
    documents.push(document);
    if (refusing.has(domainOf(node))) throw new EngineError('STREAM_REFUSED', 'not in this domain');
    kept.set(domainOf(node), document);
    return { done: true };
  });
  return { ...creation, refusing };
}

describe('the name of a stream', () => {
  it('is refused where another stream has it, whose hash it is told', async () => {
    const { clouds, documents, run } = await scene();
    const { code, err } = await run('--name', 'taken', ...FIELD, '--public-data');
    expect(code).toBe(4);
    expect(err).toContain(
      `STREAM_REFUSED: expected a name that no other stream has, got taken, which is stream ${clouds.stream.hash}`,
    );
    expect(documents).toEqual([]);
  });

  it('that one domain refused is finished by the same command, and by no other', async () => {
    const { documents, refusing, run } = await scene();
    refusing.add('a');
    const first = await run('--name', 'half', ...FIELD, '--public-data');
    expect(first.code).toBe(4);
    const [document = ''] = documents;
    const { hash } = await openStreamDocument(document, testVerifier, (await scene()).clouds.ring);
    expect(first.err).toContain(
      `STREAM_REFUSED: not in this domain; 4 of 6 nodes took it: give the same command again once every domain takes it, or free its name with m-cloud stream retire ${hash}`,
    );
    expect((await run('--name', 'half', ...FIELD, '--public-data', '--grace', '1m')).err).toContain(
      `got half, which is stream ${hash}, of other terms`,
    );
    expect(documents).toHaveLength(6);
    refusing.clear();
    const again = await run('--name', 'half', ...FIELD, '--public-data', '--json');
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toMatchObject({ hash, taken: ['a1', 'a2', 'b1', 'b2', 'c1', 'c2'] });
    expect(new Set(documents)).toEqual(new Set([document]));
  });

  it('is given to nobody while a domain does not say which it has', async () => {
    const { clouds, documents, run } = await scene();
    clouds.on(operations.LIST_STREAMS, (node) => {
      if (node.startsWith('b')) throw new EngineError('NOT_READY', 'starting');
      return { streams: [] };
    });
    const { code, err } = await run('--name', 'new', ...FIELD, '--public-data');
    expect(code).not.toBe(0);
    expect(err).toContain('NOT_READY: expected a node of domain b to list its streams, got: starting');
    expect(documents).toEqual([]);
  });

  it('is taken where the other one is retired', async () => {
    const { documents, run } = await scene();
    expect((await run('--name', 'ended', ...FIELD, '--public-data')).code).toBe(0);
    expect(documents).toHaveLength(6);
  });
});
