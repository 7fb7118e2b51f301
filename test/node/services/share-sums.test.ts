import { afterEach, describe, it } from 'vitest';
import { expectExact } from '../../support/exact-result.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud;

afterEach(() => cloud.close());

describe('the sum of a partition', () => {
  it('a share whose flag was never set is not added, although its partition is', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const inOnePlace = (reading: string) => cloud.reading(window, reading, { group: 5 });
    await inOnePlace('1').commit();
    const unset = inOnePlace('50');
    await unset.create();
    for (const index of [0, 1, 2]) await unset.upload(index);
    await inOnePlace('-2').commit();
    expectExact(await cloud.compute(window), ['1', '-2']);
  });
});
