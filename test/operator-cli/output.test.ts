import { describe, expect, it } from 'vitest';
import { counted, createPalette, renderTable, shownAge } from '../../operator-cli/output.ts';

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

  it('tell ages in a unit that a person reads at a glance', () => {
    expect(
      [0, 61_999, 119_999, 120_000, 7_199_999, 7_200_000, 172_799_999, 864_000_000].map(shownAge),
    ).toEqual(['0 s', '61 s', '119 s', '2 min', '119 min', '2 h', '47 h', '10 d']);
  });
});
