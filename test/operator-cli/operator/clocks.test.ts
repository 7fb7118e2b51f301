import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { cli, clusterFolder } from '../support/cli.ts';
import { fakeClouds } from '../support/fake-clouds.ts';

/** Sound nodes whose clocks are so many milliseconds ahead of the operator's, or do not answer. */
async function doctorOver(offsets: Readonly<Record<string, number | null>>) {
  const clouds = await fakeClouds({ nodes: [2, 2] });
  clouds.on(operations.READ_STATUS, (node) => {
    const offset = offsets[node] ?? null;
    if (offset === null) throw new EngineError('UNREACHABLE', 'no answer');
    return {
      ...{ node, domain: node.slice(0, 1), epoch: 1, ready: true, reasons: [], storeId: '00', commitSeq: 1 },
      ...{
        corruptRows: 0,
        undecidedFlags: 0,
        thinPartitions: 0,
        hintedPartitions: 0,
        acceptors: 1,
        streams: 1,
      },
      ...{ uptimeMs: 5, clockMs: clouds.clock.now() + offset },
    };
  });
  clouds.on(operations.AUDIT, (node) => ({
    ...{ node, domain: node.slice(0, 1), epoch: 1 },
    rows: { good: 0, corrupt: 0, misplaced: 0, conflict: 0, stray: 0 },
    flags: { true: 0, error: 0, elsewhere: 0, undecided: 0, overdue: 0, corrupt: 0, stray: 0 },
    windows: { OPEN: 0, SEALED: 0, SETTLED: 0, RELEASED: 0, WITHHELD: 0, overdue: 0 },
    copies: { partitions: 0, short: 0, foreign: 0, silent: 0 },
    ...{ thinPartitions: 0, hintedPartitions: 0, repairsWaiting: 0, doubt: null },
  }));
  const config = join(await clusterFolder(), 'operator.json');
  const { code, out } = await cli(['doctor', '--json', '--quiet', '--config', config], { clouds });
  const { problems } = JSON.parse(out) as { problems: { node: string; what: string }[] };
  return { code, told: problems.map(({ node, what }) => `${node}: ${what}`) };
}

describe('the clocks of the nodes, as doctor sees them', () => {
  it('are told by node and offset where they are seconds off the others', async () => {
    const { code, told } = await doctorOver({ a1: 4_200, a2: 3, b1: -20, b2: -61_000 });
    expect(told).toEqual([
      "a1: its clock is 4.2 s ahead of the others'",
      "b2: its clock is 61.0 s behind the others'",
    ]);
    expect(code).toBe(5);
  });

  it('are not told within a few seconds, nor where a node does not answer', async () => {
    expect(await doctorOver({ a1: 2_900, a2: 0, b1: -2_900, b2: null })).toEqual({ code: 0, told: [] });
  });

  it('are all right where only the operator’s own is off', async () => {
    expect(await doctorOver({ a1: 90_000, a2: 90_001, b1: 90_002, b2: 90_003 })).toEqual({
      code: 0,
      told: [],
    });
  });
});
