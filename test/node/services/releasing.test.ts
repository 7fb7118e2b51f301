import { expect, test } from 'vitest';
import { createReleasing, type ReleasingComponents } from '../../../node/services/releasing.ts';
import type { OpenWindowRecord } from '../../../node/services/windows.ts';
import { isPending } from '../../support/pending.ts';
import { context } from '../../vectors/generate/message-samples.ts';

test('a release is made for all who ask, and each waits for it as long as it wants', async () => {
  let looks = 0;
  const row = Uint8Array.of(1);
  let find = (_: { bytes: Uint8Array }): void => {};
  const decisions = {
    look() {
      looks += 1;
      return new Promise((resolve) => {
        find = resolve;
      });
    },
  };
  const { release } = createReleasing({ decisions } as unknown as ReleasingComponents);
  const record = { scope: context, release: null } as unknown as OpenWindowRecord;
  const hangingUp = new AbortController();
  const [gone, other] = [release(record, hangingUp.signal), release(record, new AbortController().signal)];
  hangingUp.abort(new Error('my time is up'));
  await expect(gone).rejects.toThrow('my time is up');
  expect(await isPending(other)).toBe(true);
  find({ bytes: row });
  expect(await other).toBe(row);
  expect(looks).toBe(1);
});
