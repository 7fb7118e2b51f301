import { expect, test } from 'vitest';
import { createSensorKeys, readSensorKeys } from '../../sensor-client/index.ts';
import { generateP256 } from '../../src/platform/index.ts';

test('the keys of a sensor are read from the file that keygen writes', async () => {
  const { publicKey, privateKeyPem } = await generateP256();
  const keys = await readSensorKeys(privateKeyPem);
  expect(keys.publicKey).toEqual(publicKey);
  expect(keys.privateKey).toHaveLength(32);
  await expect(readSensorKeys('no key')).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('PEM of a P-256 private key'),
  });
});

test('new keys are others every time', async () => {
  const [first, second] = await Promise.all([createSensorKeys(), createSensorKeys()]);
  expect(first.publicKey).not.toEqual(second.publicKey);
});
