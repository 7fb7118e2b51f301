import { describe, expect, it } from 'vitest';
import { counted, createPalette, renderTable } from '../../operator-cli/output.ts';

describe('tables', () => {
  it('align columns by what a terminal shows, styles apart', () => {
    const { strong } = createPalette(true);
    const table = renderTable(
      [
        [strong('a'), '1', 'x'],
        ['äöü', '22', ''],
      ],
      ['left', 'right'],
    );
    expect(table).toBe(`  ${strong('a')}     1  x\n  äöü  22\n`);
  });

  it('are empty without rows, and plain without colours', () => {
    expect(renderTable([])).toBe('');
    expect(createPalette(false).good('yes')).toBe('yes');
  });

  it('count things in words', () => {
    expect([counted(1, 'domain'), counted(2, 'domain')]).toEqual(['1 domain', '2 domains']);
  });
});
