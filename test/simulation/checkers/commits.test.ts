import { expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import { type StoreId, storeId } from '../../../src/ring/index.ts';
import { plainPlan, violationsOf } from '../plain-plan.ts';
import type { Sabotage } from '../sabotage.ts';
import { createCommitChecker } from './commits.ts';

const STORE = storeId('ab'.repeat(16));
const OTHER = storeId('cd'.repeat(16));

/** Nodes whose disks have commits up to a number, as `disk` says when it is asked; rows are the numbers of commits. */
function watch(disk: ReadonlyMap<string, number>) {
  const violations: string[] = [];
  const nodes = ['a', 'b'].map((node) => ({
    node,
    storeId: (): StoreId => STORE,
    rows: {
      commitNumber: ([number]: Uint8Array) => number,
      hasCommitFrom: (number: number) => number <= (disk.get(node) ?? 0),
    },
  }));
  const checker = createCommitChecker(nodes, (what) => void violations.push(what));
  const answer = (contentType: string, body: Uint8Array = new Uint8Array(0), path = '/peer/v1/ring') =>
    checker.answered({
      from: 'b',
      to: 'a',
      arrivedAt: 0,
      request: { method: 'POST', path, contentType: '', body },
      response: { status: 200, contentType, body: new Uint8Array(0) },
    });
  const stamped = (store: StoreId, seq: number) => answer(`application/json; store=${store}; seq=${seq}`);
  return { checker, nodes, violations, answer, stamped };
}

it('an answer tells commits of its own store only, and none that its disk has not or has no more', () => {
  const disk = new Map([['a', 7]]);
  const { violations, answer, stamped } = watch(disk);
  answer('application/json');
  for (const seq of [0, 6, 7]) stamped(STORE, seq);
  expect(violations).toEqual([]);
  stamped(STORE, 8);
  stamped(OTHER, 7);
  disk.set('a', 5);
  stamped(STORE, 7);
  expect(violations).toEqual([
    'DURABLE: a tells in /peer/v1/ring commit 8, which is not on its disk',
    'DURABLE: a tells in /peer/v1/ring a commit of another store than its own',
    'DURABLE: a tells in /peer/v1/ring commit 7, which is not on its disk',
  ]);
});

it('a message tells no commit that was never on the disk of its sender', () => {
  const { checker, nodes, violations, answer } = watch(new Map());
  const { path, request } = operations.COMMITTED;
  const tell = (commitSeq: number) => answer('', request.encode({ storeId: STORE, commitSeq }), path);
  const [, sender] = nodes;
  if (sender !== undefined) checker.stored(sender, Uint8Array.of(4));
  tell(4);
  expect(violations).toEqual([]);
  tell(5);
  expect(violations).toEqual([`DURABLE: b tells in ${path} commit 5, which was never on its disk`]);
});

it('a node tells no commit that is under way', async () => {
  const plan = plainPlan({ duplication: 0.5 });
  expect(await violationsOf({ ...plan, disk: { commitMs: 200, readMs: 1 } }, {})).toBe('');
});

it('a node that counts the commit which is under way is seen in a run', async () => {
  const sabotage: Sabotage = {
    peerRouter: (router) => ({
      ...router,
      handle: async (caller, asked, signal) => {
        const answer = await router.handle(caller, asked, signal);
        const contentType = answer.contentType.replace(/\d+$/, (seq) => `${Number(seq) + 1}`);
        return { ...answer, contentType };
      },
    }),
  };
  const sought = 'which is not on its disk';
  expect(await violationsOf(plainPlan(), sabotage, sought)).toContain(sought);
});
