import { expect, it } from 'vitest';
import { EngineError, inFile } from '../../../src/foundation/index.ts';

it('puts the file in front of what a parser refuses', async () => {
  const refuse = (): never => {
    throw new EngineError('MALFORMED_TEXT', 'expected JSON', { path: '/a' });
  };
  await expect(inFile('ring.jws', refuse)).rejects.toMatchObject({
    code: 'MALFORMED_TEXT',
    message: 'ring.jws: expected JSON',
    details: { path: '/a' },
  });
  await expect(inFile('ring.jws', async () => refuse())).rejects.toThrow('ring.jws: expected JSON');
});

it('gives what was read, and leaves mistakes of the program alone', async () => {
  expect(await inFile('a', () => 7)).toBe(7);
  const mistake = new TypeError('not ours');
  await expect(inFile('a', () => Promise.reject(mistake))).rejects.toBe(mistake);
});
