import { expect, it } from 'vitest';
import { diskFailure } from '../../../node/store/durable-file.ts';

/** As LevelDB tells of a write that the system refused. */
const levelError = (words: string) =>
  Object.assign(new Error('Database failed to open'), {
    cause: Object.assign(new Error(`IO error: /data/000005.log: ${words}`), { code: 'LEVEL_IO_ERROR' }),
  });

it('says in the words of the system what the disk refused, and what to do where it is full', () => {
  const full = diskFailure('write to the store in /data', levelError('No space left on device'));
  expect(full.message).toBe(
    'expected to write to the store in /data, got ENOSPC (the disk is full); make room there, then start the node again',
  );
  const system = Object.assign(new Error(''), { code: 'ENOSPC' });
  expect(diskFailure('write /data/k.key', system).message).toMatch(/ENOSPC .*make room there/);
  expect(diskFailure('write', levelError('Read-only file system')).message).toMatch(/EROFS \(.*\)$/);
  expect(diskFailure('write', levelError('something new')).message).toMatch(/LEVEL_IO_ERROR$/);
});
