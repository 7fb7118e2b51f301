import { describe, expect, it } from 'vitest';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { fakeClouds, honestRows, rowAnswer, serveRows, WINDOW } from '../support/fake-clouds.ts';

const READINGS = ['1.5', '2.5', '-4'];

describe('compute', () => {
  it('asks one node of each domain with that domain\u2019s token and combines their rows', async () => {
    const clouds = await fakeClouds();
    serveRows(clouds, honestRows(clouds.stream, READINGS));
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW);
    expect(outcome).toMatchObject({ kind: 'result', readings: 3, committed: 3 });
    expect(clouds.asked.map(({ node, token }) => [node, token])).toEqual([
      ['a1', 'token for a'],
      ['b1', 'token for b'],
      ['c1', 'token for c'],
    ]);
    expect(clouds.clock.slept).toEqual([]);
  });

  it('turns to another node of a domain whose first one does not answer', async () => {
    const clouds = await fakeClouds();
    const rows = honestRows(clouds.stream, READINGS);
    clouds.on(operations.COMPUTE, (node) => {
      if (node === 'b1') throw new EngineError('UNREACHABLE', 'no answer');
      if (node === 'c1') throw new EngineError('ROW_CORRUPT', 'a row does not authenticate');
      const row = rows.find(({ domain }) => node.startsWith(domain));
      return row ? rowAnswer(row) : expect.unreachable();
    });
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW);
    expect(outcome.kind).toBe('result');
    expect(clouds.asked.map(({ node }) => node).toSorted()).toEqual(['a1', 'b1', 'b2', 'c1', 'c2']);
  });

  it('asks again while a domain is incomplete, but not the domains that gave their row', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    const rows = honestRows(clouds.stream, READINGS);
    let left = 3;
    clouds.on(operations.COMPUTE, (node) => {
      if (node === 'b1' && left-- > 0) return { status: 'INCOMPLETE', reason: 'flags undecided' };
      const row = rows.find(({ domain }) => node.startsWith(domain));
      return row ? rowAnswer(row) : expect.unreachable();
    });
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW);
    expect(outcome.kind).toBe('result');
    expect(clouds.asked.map(({ node }) => node)).toEqual(['a1', 'b1', 'c1', 'b1', 'b1', 'b1']);
    expect(clouds.clock.slept).toEqual([50, 100, 200]);
  });

  it('says INCOMPLETE with every waiting domain\u2019s reason when the wait is over', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    const [a] = honestRows(clouds.stream, READINGS);
    clouds.on(operations.COMPUTE, (node) => {
      if (node === 'a1' && a !== undefined) return rowAnswer(a);
      if (node === 'b1') return { status: 'INCOMPLETE', reason: 'store b1\u001b[2J is away' };
      throw new EngineError('UNREACHABLE', 'no answer');
    });
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW, { waitMs: 1_000 });
    expect(outcome).toEqual({
      kind: 'incomplete',
      reason: 'domain b: store b1 [2J is away\ndomain c: UNREACHABLE: no answer',
    });
    expect(clouds.clock.slept.reduce((sum, ms) => sum + ms, 0)).toBe(1_000);
  });

  it('names the nodes that do not answer, and blames none that only waits for them', async () => {
    const clouds = await fakeClouds();
    const unreachable = (node: string) =>
      new EngineError('UNREACHABLE', `no answer from node ${node}: TIMEOUT`);
    clouds.on(operations.COMPUTE, (node) => {
      throw unreachable(node);
    });
    clouds.on(operations.READ_RINGS, (node) => {
      if (node.startsWith('b') || node === 'c2') throw unreachable(node);
      if (node === 'a2') throw new EngineError('OVERLOADED', 'too many questions');
      return { rings: [] };
    });
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW, { waitMs: 0 });
    expect(outcome).toEqual({
      kind: 'incomplete',
      reason: [
        'domain a: no result in time; a1 and a2 answer other questions',
        'domain b: UNREACHABLE: no answer from node b2: TIMEOUT; b1 and b2 answer no other question either',
        'domain c: no result in time; c1 answers other questions, c2 does not',
      ].join('\n'),
    });
  });

  it('says WITHHELD as soon as one domain does', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    const rows = honestRows(clouds.stream, READINGS).map((row) =>
      row.domain === 'c'
        ? {
            ...row,
            verdict: 'WITHHELD' as const,
            reason: 'fewer than 13 sensors',
            elements: new Uint8Array(0),
          }
        : row,
    );
    clouds.on(operations.COMPUTE, (node) => {
      const row = rows.find(({ domain }) => node.startsWith(domain));
      if (node === 'a1' || row === undefined) return { status: 'INCOMPLETE', reason: 'not yet' };
      return rowAnswer(row);
    });
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW);
    expect(outcome).toEqual({ kind: 'withheld', reason: 'domain c: fewer than 13 sensors' });
  });

  it('refuses the row of another domain', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    const [a] = honestRows(clouds.stream, READINGS);
    clouds.on(operations.COMPUTE, () => (a ? rowAnswer(a) : expect.unreachable()));
    await expect(createOperator(clouds.ports).compute(clouds.stream, WINDOW)).rejects.toMatchObject({
      code: 'IMPOSSIBLE_AGGREGATE',
      message: expect.stringMatching(/domain [bc], got the row of domain a/),
    });
  });

  it.each(['UNKNOWN_STREAM', 'WINDOW_NOT_OPEN', 'WINDOW_SEALED', 'FORBIDDEN'] as const)(
    'does not wait where every domain answers %s',
    async (code) => {
      const clouds = await fakeClouds({ nodes: [1, 1] });
      clouds.on(operations.COMPUTE, () => {
        throw new EngineError(code, 'no');
      });
      await expect(createOperator(clouds.ports).compute(clouds.stream, WINDOW)).rejects.toMatchObject({
        code,
      });
      expect(clouds.clock.slept).toEqual([]);
    },
  );

  it('believes no domain alone that a window ended before it was opened: a clock may be ahead', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    const rows = honestRows(clouds.stream, READINGS);
    let ahead = true;
    clouds.on(operations.COMPUTE, (node) => {
      const row = rows.find(({ domain }) => node.startsWith(domain));
      if (row === undefined) return expect.unreachable();
      if (row.domain === 'a' && ahead) {
        ahead = false;
        throw new EngineError('WINDOW_SEALED', 'ended before any node opened it');
      }
      return rowAnswer(row);
    });
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW, { waitMs: 10_000 });
    expect(outcome).toMatchObject({ kind: 'result', readings: READINGS.length });
  });

  it('believes it of none once another one has told its row, however often the others say it', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1, 1] });
    const rows = honestRows(clouds.stream, READINGS);
    let refusals = 6;
    clouds.on(operations.COMPUTE, (node) => {
      const row = rows.find(({ domain }) => node.startsWith(domain));
      if (row === undefined) return expect.unreachable();
      // Nodes that have just begun with an empty disk, while the others of their domains are away.
      if (row.domain !== 'a' && refusals-- > 0) throw new EngineError('UNKNOWN_STREAM', 'never heard of it');
      return rowAnswer(row);
    });
    const outcome = await createOperator(clouds.ports).compute(clouds.stream, WINDOW, { waitMs: 10_000 });
    expect(outcome).toMatchObject({ kind: 'result', readings: READINGS.length });
  });

  it('ends with the signal\u2019s reason', async () => {
    const clouds = await fakeClouds({ nodes: [1, 1] });
    const stop = new AbortController();
    const reason = new Error('enough');
    clouds.on(operations.COMPUTE, () => {
      stop.abort(reason);
      return { status: 'INCOMPLETE' as const, reason: 'not yet' };
    });
    const computing = createOperator(clouds.ports).compute(clouds.stream, WINDOW, { signal: stop.signal });
    await expect(computing).rejects.toBe(reason);
  });
});
