import { expect, test } from 'vitest';
import { failureTeller } from '../../../sensor-client/cli/report.ts';

test('the key to ask with is told of every reading that may still be committed, and of no other', () => {
  const told: string[] = [];
  const tell = failureTeller(
    (text) => told.push(text),
    () => 'row 2',
  );
  const failure = { index: 0, count: 1, message: 'given up' };
  const details = { flagKey: 'KEY' };
  tell({ ...failure, code: 'READING_ABORTED', details: { ...details, setSent: true } });
  tell({ ...failure, code: 'READING_ABORTED', details: { ...details, setSent: false } });
  tell({ ...failure, code: 'READING_UNDECIDED', details });
  tell({ ...failure, code: 'DEADLINE_EXCEEDED', details });
  expect(told).toEqual([
    'row 2: READING_ABORTED: given up (flag key KEY)\n',
    'row 2: READING_ABORTED: given up\n',
    'row 2: READING_UNDECIDED: given up (flag key KEY)\n',
    'row 2: DEADLINE_EXCEEDED: given up\n',
  ]);
});
