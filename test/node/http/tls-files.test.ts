import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readTlsIdentity } from '../../../node/http/index.ts';
import { temporaryFolder } from '../../support/folders.ts';

test('certificate and key are read, and a missing one is named', async () => {
  const folder = await temporaryFolder();
  const paths = { cert: join(folder, 'tls.pem'), key: join(folder, 'tls.key') };
  await writeFile(paths.cert, 'certificate');
  expect(() => readTlsIdentity(paths)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(() => readTlsIdentity(paths)).toThrow(`${paths.key}, got ENOENT`);
  await writeFile(paths.key, 'key');
  expect(readTlsIdentity(paths)).toEqual({ cert: 'certificate', key: 'key', file: paths.cert });
});
