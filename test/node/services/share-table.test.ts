import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { expectExact } from '../../support/exact-result.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

const STORED = { answers: ['STORED'] };
const CONFLICT = { answers: ['CONFLICT'] };

describe('the shares of a node', () => {
  it('keeps the first of two shares that come under one key, however often either comes', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '7.5');
    const other = cloud.reading(window, '55', { entry: reading.entry });
    for (const index of [0, 1, 2]) {
      expect(await reading.upload(index)).toEqual(STORED);
      for (let times = 0; times < 2; times++) {
        expect(await other.upload(index)).toEqual(CONFLICT);
        expect(await reading.upload(index)).toEqual(STORED);
      }
    }
    expect(await reading.set()).toEqual({ outcomes: ['TRUE'] });
    expectExact(await cloud.compute(window), ['7.5']);
  });

  it('takes no share of another domain, whatever index comes with it', async () => {
    cloud = await startSmallCloud();
    const reading = cloud.reading(await cloud.openWindow(), '1');
    for (const index of [1, 2, 3]) {
      const node = reading.owner(0);
      const request = { ...(await reading.uploadRequest(0)), index };
      const upload = cloud.ask(node, operations.UPLOAD, request);
      await expectCode(upload, 'WRONG_DOMAIN');
    }
    expect(cloud.store(reading.owner(0)).rows('values')).toEqual([]);
  });

  it('hears nothing of a flag from a share that comes after the vote on it', async () => {
    cloud = await startSmallCloud({ shape: { nodes: [2, 2, 2], acceptors: 3, replicas: 2 } });
    const window = await cloud.openWindow();
    const reading = cloud.reading(window, '3');
    const late = reading.owners(0).find((node) => reading.acceptors.includes(node)) ?? reading.acceptor;
    const other = reading.owners(0).find((node) => node !== late) ?? late;
    await cloud.stop(late);
    await reading.upload(0, other);
    for (const index of [1, 2]) await reading.upload(index);
    await cloud.start(late);
    expect(await reading.accept(late)).toMatchObject({ packets: [{ answer: 'ACCEPTED', others: [] }] });
    expect(await reading.set()).toEqual({ outcomes: ['TRUE'] });
    const undecided = () => cloud.handle(late).status().undecidedFlags;
    expect(undecided()).toBe(0);
    expect(await reading.upload(0, late)).toEqual(STORED);
    expect(cloud.rowsAt(late, 'values')).toHaveLength(1);
    expect(undecided()).toBe(0);
  });
});
