import { describe, expect, it } from 'vitest';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { fakeClouds, WINDOW } from '../support/fake-clouds.ts';

const DONE = { done: true } as const;

describe('handing a stream to its nodes', () => {
  it('succeeds while every domain has a node that took it, and names the others', async () => {
    const clouds = await fakeClouds();
    clouds.on(operations.PUT_STREAM, (node) => {
      if (node === 'b1') throw new EngineError('UNREACHABLE', 'no answer');
      if (node === 'c2') throw new EngineError('NOT_READY', 'starting');
      return DONE;
    });
    const placed = await createOperator(clouds.ports).putStream(clouds.stream.jws);
    expect(placed.stream.hash).toBe(clouds.stream.hash);
    expect(placed.taken).toEqual(['a1', 'a2', 'b2', 'c1']);
    expect(placed.missed).toEqual([
      { node: 'b1', code: 'UNREACHABLE' },
      { node: 'c2', code: 'NOT_READY' },
    ]);
  });

  it('fails when no node of some domain took it', async () => {
    const clouds = await fakeClouds();
    clouds.on(operations.PUT_STREAM, (node) => {
      if (node.startsWith('b')) throw new EngineError('UNREACHABLE', 'no answer');
      return DONE;
    });
    await expect(createOperator(clouds.ports).putStream(clouds.stream.jws)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: expect.stringContaining('domain b to take it, got no answer from b1, b2'),
    });
  });

  it('fails with the refusal of any node that answered', async () => {
    const clouds = await fakeClouds();
    clouds.on(operations.PUT_STREAM, (node) => {
      if (node === 'c2') throw new EngineError('STREAM_REFUSED', 'its floor is higher');
      return DONE;
    });
    await expect(createOperator(clouds.ports).putStream(clouds.stream.jws)).rejects.toMatchObject({
      code: 'STREAM_REFUSED',
    });
  });

  it('sends nothing when the document breaks a rule', async () => {
    const clouds = await fakeClouds();
    await expect(createOperator(clouds.ports).putStream(`${clouds.stream.jws}x`)).rejects.toThrow(
      EngineError,
    );
    expect(clouds.asked).toEqual([]);
  });
});

describe('finding a stream', () => {
  async function withStreams() {
    const clouds = await fakeClouds();
    const { hash, name, jws } = clouds.stream;
    clouds.on(operations.LIST_STREAMS, () => ({
      streams: [
        { stream: hash, name },
        { stream: 'f'.repeat(64), name: 'twice' },
        { stream: 'e'.repeat(64), name: 'twice' },
      ],
    }));
    clouds.on(operations.READ_STREAM, () => ({ document: jws, windows: [] }));
    return { clouds, operator: createOperator(clouds.ports) };
  }

  it('takes the name, the hash and a beginning of the hash', async () => {
    const { clouds, operator } = await withStreams();
    const { hash, name } = clouds.stream;
    for (const text of [name, hash, hash.slice(0, 8)]) {
      expect((await operator.findStream(text)).stream.hash).toBe(hash);
    }
  });

  it('refuses an unknown and an ambiguous name', async () => {
    const { operator } = await withStreams();
    await expect(operator.findStream('nothing')).rejects.toMatchObject({ code: 'UNKNOWN_STREAM' });
    await expect(operator.findStream('twice')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('refuses a node that answers with another stream than asked for', async () => {
    const { operator } = await withStreams();
    await expect(operator.findStream('f'.repeat(64))).rejects.toMatchObject({ code: 'SIGNATURE_INVALID' });
  });
});

describe('windows', () => {
  const terms = { window: WINDOW, notBefore: WINDOW, latest: WINDOW + 1_000 };

  it('are opened through the first node that answers, another domain\u2019s next', async () => {
    const clouds = await fakeClouds();
    clouds.on(operations.OPEN_WINDOW, (node) => {
      if (node === 'a1') throw new EngineError('UNREACHABLE', 'no answer');
      return DONE;
    });
    await createOperator(clouds.ports).openWindow(clouds.stream, terms);
    expect(clouds.asked.map(({ node }) => node)).toEqual(['a1', 'b1']);
  });

  it('tell a refusal rather than a node that was away', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    clouds.on(operations.OPEN_WINDOW, (node) => {
      throw new EngineError(node === 'b1' ? 'WINDOW_CONFLICT' : 'UNREACHABLE', 'no');
    });
    await expect(createOperator(clouds.ports).openWindow(clouds.stream, terms)).rejects.toMatchObject({
      code: 'WINDOW_CONFLICT',
    });
  });

  it('are sealed after as many questions as it takes', async () => {
    const clouds = await fakeClouds();
    let open = 3;
    clouds.on(operations.SEAL, () => {
      open -= 1;
      return { sealed: open === 0, partitionsOpen: open, reason: open === 0 ? '' : 'acceptors away' };
    });
    const operator = createOperator(clouds.ports);
    expect(await operator.seal(clouds.stream, WINDOW)).toMatchObject({ sealed: true });
    expect(clouds.clock.slept).toHaveLength(2);
    open = 1_000;
    const answer = await operator.seal(clouds.stream, WINDOW, { waitMs: 500 });
    expect(answer).toMatchObject({ sealed: false, reason: 'acceptors away' });
  });

  it('are not sealed while nodes are away, which are named, and no others', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    clouds.on(operations.SEAL, () => {
      throw new EngineError('UNREACHABLE', 'no answer in time');
    });
    clouds.on(operations.READ_RINGS, (node) => {
      if (node === 'b1') throw new EngineError('UNREACHABLE', 'no answer');
      return { rings: [] };
    });
    expect(await createOperator(clouds.ports).seal(clouds.stream, WINDOW, { waitMs: 0 })).toMatchObject({
      sealed: false,
      reason: 'no result in time; a1 and c1 answer other questions, b1 does not',
    });
  });

  it('cannot be sealed too early, and nobody waits for it', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1] });
    clouds.on(operations.SEAL, () => {
      throw new EngineError('SEAL_TOO_EARLY', 'not before tomorrow');
    });
    await expect(createOperator(clouds.ports).seal(clouds.stream, WINDOW)).rejects.toMatchObject({
      code: 'SEAL_TOO_EARLY',
    });
    expect(clouds.clock.slept).toEqual([]);
  });
});

describe('status', () => {
  it('lists every node of the ring, also those that do not answer', async () => {
    const clouds = await fakeClouds();
    clouds.on(operations.READ_STATUS, (node) => {
      if (node === 'b2') throw new EngineError('UNREACHABLE', 'no answer');
      return {
        node,
        domain: node.slice(0, 1),
        epoch: 1,
        ready: true,
        reasons: [],
        storeId: 'x',
        commitSeq: 1,
        corruptRows: 0,
        undecidedFlags: 0,
        thinPartitions: 3,
        hintedPartitions: 0,
        acceptors: 1,
        streams: 0,
        uptimeMs: 5,
        clockMs: 7,
      };
    });
    const reports = await createOperator(clouds.ports).status();
    expect(reports.map(({ node }) => node)).toEqual(['a1', 'a2', 'b1', 'b2', 'c1', 'c2']);
    expect(reports.filter((report) => !('status' in report))).toEqual([
      { node: 'b2', domain: 'b', failure: { code: 'UNREACHABLE', message: 'no answer' } },
    ]);
  });
});
