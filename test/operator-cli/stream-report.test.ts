import { expect, it } from 'vitest';
import { createPalette } from '../../operator-cli/output.ts';
import { streamText, windowsText } from '../../operator-cli/stream-report.ts';
import { fakeClouds, listedWindow, WINDOW } from './support/fake-clouds.ts';

it('tells the groups of a window apart', () => {
  const windows = [listedWindow(WINDOW, 'SEALED', 2), listedWindow(WINDOW, 'OPEN', 1)];
  const [header, ...rows] = windowsText(windows, ['north', 'south']).split('\n');
  expect(header).toMatch(/starts +group +state/);
  expect(rows).toEqual([
    expect.stringMatching(/ south +SEALED /),
    expect.stringMatching(/ north +OPEN /),
    '',
  ]);
  expect(windowsText([listedWindow(WINDOW)], [])).not.toContain('group');
});

it('says of cells that they are published', async () => {
  const palette = createPalette(false);
  const plain = await fakeClouds();
  expect(streamText(plain.stream, palette)).not.toContain('cells');
  const { name = '', min = '', max = '' } = plain.stream.fields[0] ?? {};
  const cell = { kind: 'cell', field: name, from: min, to: String(Number(max) + 1) } as const;
  const elements = [{ kind: 'count' } as const, cell];
  const { stream } = await fakeClouds(undefined, { elements, publishesCells: true });
  expect(streamText(stream, palette)).toMatch(/ cells +how many readings fell into each is published/);
});
