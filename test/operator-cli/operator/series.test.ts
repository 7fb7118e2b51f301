import { describe, expect, it } from 'vitest';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { seriesDocument } from '../../../operator-cli/series-document.ts';
import { CONFIDENCE } from '../../../operator-cli/statistics-document.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { groupNamed } from '../../../src/protocol/stream-groups.ts';
import { windowId } from '../../../src/ring/index.ts';
import {
  fakeClouds,
  honestRows,
  listedWindow,
  serveRows,
  serveWindows,
  WINDOW,
  withheldRows,
} from '../support/fake-clouds.ts';

const [FIRST, SECOND, THIRD] = [WINDOW, windowId(WINDOW + 60_000), windowId(WINDOW + 120_000)];

/** Three windows, the second of which is withheld. */
async function scene() {
  const clouds = await fakeClouds();
  const { stream } = clouds;
  serveWindows(clouds, [listedWindow(FIRST), listedWindow(SECOND, 'WITHHELD'), listedWindow(THIRD)]);
  serveRows(clouds, [
    ...honestRows(stream, ['1.5', '2.5'], { window: FIRST }),
    ...withheldRows(stream, 'fewer than 13 sensors', { window: SECOND }),
    ...honestRows(stream, ['-4', '0', '1'], { window: THIRD, excluded: 1 }),
  ]);
  return { clouds, stream, operator: createOperator(clouds.ports) };
}

describe('a question about a stream', () => {
  it('gives every released window, the total of them alone, and what is missing from it', async () => {
    const { stream, operator } = await scene();
    const series = await operator.series(stream);
    expect(series.windows.map(({ window, result }) => [window, result.readings])).toEqual([
      [FIRST, 2],
      [THIRD, 3],
    ]);
    expect(series.total).toMatchObject({ parts: 2, readings: 5, committed: 6, excluded: 1 });
    // 1.5 + 2.5 - 4 + 0 + 1 and their squares, one decimal and offset 0.
    expect(series.total?.sums).toEqual([5n, 10n, 225n + 625n + 1600n + 100n]);
    expect(series.missing).toMatchObject([
      { window: SECOND, state: 'withheld', reason: 'domain a: fewer than 13 sensors' },
    ]);
  });

  it('about a span takes the windows that start in it, the end not included', async () => {
    const { stream, operator } = await scene();
    const series = await operator.series(stream, { from: SECOND, to: THIRD });
    expect(series.windows).toEqual([]);
    expect(series.total).toBeNull();
    expect(series.missing.map(({ window }) => window)).toEqual([SECOND]);
    await expect(operator.series(stream, { from: THIRD + 1 })).rejects.toMatchObject({
      code: 'WINDOW_NOT_OPEN',
    });
  });

  it('touches no window that still takes readings, unless it is told to seal', async () => {
    const { clouds, stream, operator } = await scene();
    serveWindows(clouds, [listedWindow(FIRST), listedWindow(THIRD, 'OPEN')]);
    const before = await operator.series(stream);
    expect(before.missing).toMatchObject([{ window: THIRD, state: 'unsealed' }]);
    expect(before.total?.parts).toBe(1);
    const sealed: number[] = [];
    clouds.on(operations.SEAL, (_, { window }) => {
      sealed.push(window);
      return { sealed: true, partitionsOpen: 0, reason: '' };
    });
    const after = await operator.series(stream, { seal: true });
    expect(sealed).toEqual([THIRD]);
    expect(after.total?.parts).toBe(2);
    clouds.on(operations.SEAL, () => {
      throw new EngineError('SEAL_TOO_EARLY', 'not before tomorrow');
    });
    expect((await operator.series(stream, { seal: true })).missing).toMatchObject([
      { window: THIRD, state: 'unsealed', reason: 'not before tomorrow' },
    ]);
  });

  it('believes the domain that is farthest, and asks only one node of each', async () => {
    const { clouds, stream, operator } = await scene();
    clouds.on(operations.READ_STREAM, (node) => {
      if (node === 'a1' || node.startsWith('c')) throw new EngineError('UNREACHABLE', 'no answer');
      return {
        document: stream.jws,
        windows: node === 'a2' ? [listedWindow(FIRST, 'OPEN')] : [listedWindow(FIRST), listedWindow(THIRD)],
      };
    });
    expect((await operator.series(stream)).total?.parts).toBe(2);
    clouds.on(operations.READ_STREAM, () => {
      throw new EngineError('UNREACHABLE', 'no answer');
    });
    await expect(operator.series(stream)).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('reads as many pages of windows as there are', async () => {
    const { clouds, stream, operator } = await scene();
    const starts = Array.from({ length: 1_500 }, (_, i) => windowId(WINDOW + i * 1_000));
    serveWindows(
      clouds,
      starts.map((start) => listedWindow(start)),
    );
    serveRows(
      clouds,
      starts.flatMap((window) => honestRows(stream, ['1'], { window })),
    );
    const { total, windows } = await operator.series(stream);
    expect(total).toMatchObject({ parts: 1_500, readings: 1_500 });
    expect(windows.map(({ window }) => window)).toEqual(starts);
    const pages = clouds.asked.filter(({ path }) => path === operations.READ_STREAM.path);
    expect(pages).toHaveLength(2 * stream.domains.length);
  });

  it('says which fixed windows no node was there to open', async () => {
    const { stream: manual, operator } = await scene();
    const stream = { ...manual, window: { kind: 'fixed', durationMs: 30_000 } } as const;
    const { missing, total } = await operator.series(stream);
    expect(missing.map(({ window, state }) => [window - WINDOW, state])).toEqual([
      [30_000, 'unopened'],
      [60_000, 'withheld'],
      [90_000, 'unopened'],
    ]);
    expect(total?.parts).toBe(2);
  });

  it('lists a window whose domains contradict each other, and adds the others', async () => {
    const { clouds, stream, operator } = await scene();
    const [a, ...others] = honestRows(stream, ['1', '2'], { window: SECOND });
    serveRows(clouds, [
      ...honestRows(stream, ['7'], { window: FIRST }),
      ...(a ? [{ ...a, settled: new Uint8Array(32) }] : []),
      ...others,
      ...honestRows(stream, ['8'], { window: THIRD }),
    ]);
    const { missing, total } = await operator.series(stream);
    expect(missing).toMatchObject([{ window: SECOND, state: 'impossible' }]);
    expect(total?.sums[1]).toBe(150n);
  });

  it('ends in time when a domain is away, and says what was not asked any more', async () => {
    const { clouds, stream, operator } = await scene();
    const starts = Array.from({ length: 40 }, (_, i) => windowId(WINDOW + i * 1_000));
    serveWindows(
      clouds,
      starts.map((start) => listedWindow(start)),
    );
    clouds.on(operations.COMPUTE, (node) => {
      throw new EngineError('UNREACHABLE', `no answer from ${node}`);
    });
    const { missing } = await operator.series(stream, {}, { waitMs: 2_000 });
    expect(missing).toHaveLength(40);
    expect(new Set(missing.map(({ state }) => state))).toEqual(new Set(['incomplete']));
    expect(missing.at(-1)?.reason).toContain('the wait was over');
    expect(clouds.clock.now()).toBeLessThan(WINDOW + 30_000);
  });

  it('throws for a window by name that nobody opened', async () => {
    const { clouds, stream, operator } = await scene();
    clouds.on(operations.COMPUTE, () => {
      throw new EngineError('WINDOW_NOT_OPEN', 'not opened');
    });
    await expect(operator.series(stream, { window: SECOND })).rejects.toMatchObject({
      code: 'WINDOW_NOT_OPEN',
    });
  });
});

describe('groups', () => {
  /** Two windows of two labels; the second label of the second window is withheld. */
  async function labelled() {
    const clouds = await fakeClouds();
    const stream = { ...clouds.stream, groups: ['north', 'south'] };
    serveWindows(clouds, [
      listedWindow(FIRST, 'RELEASED', 1),
      listedWindow(FIRST, 'RELEASED', 2),
      listedWindow(SECOND, 'RELEASED', 1),
      listedWindow(SECOND, 'WITHHELD', 2),
    ]);
    serveRows(clouds, [
      ...honestRows(stream, ['1', '2'], { window: FIRST, group: 1 }),
      ...honestRows(stream, ['10'], { window: FIRST, group: 2 }),
      ...honestRows(stream, ['3'], { window: SECOND, group: 1 }),
      ...withheldRows(stream, 'fewer than 13 sensors', { window: SECOND, group: 2 }),
    ]);
    return { stream, operator: createOperator(clouds.ports) };
  }

  it('are parts of their own, with a total each and one that says what it lacks', async () => {
    const { stream, operator } = await labelled();
    const { windows, groups, total, missing } = await operator.series(stream);
    expect(windows.map(({ window, group }) => [window, group.name])).toEqual([
      [FIRST, 'north'],
      [FIRST, 'south'],
      [SECOND, 'north'],
    ]);
    expect(groups.map(({ group, total: own }) => [group.name, own?.parts, own?.sums[1]])).toEqual([
      ['north', 2, 60n],
      ['south', 1, 100n],
    ]);
    expect(total).toMatchObject({ parts: 3, readings: 4 });
    expect(missing).toMatchObject([{ window: SECOND, group: { name: 'south' }, state: 'withheld' }]);
  });

  it('can be asked for one by one, by the labels of the document', async () => {
    const { stream, operator } = await labelled();
    const { total, groups } = await operator.series(stream, { group: groupNamed(stream, 'south') });
    expect(total).toMatchObject({ parts: 1, readings: 1 });
    expect(groups).toHaveLength(1);
    expect(() => groupNamed(stream, 'west')).toThrow('expected one of the groups north, south, got "west"');
  });
});

describe('the answer to a program', () => {
  it('is the same text whichever nodes answered, in whatever order and after whatever failures', async () => {
    const texts = new Set<string>();
    for (const away of ['none', 'a1', 'b1', 'c2']) {
      const { clouds, stream, operator } = await scene();
      const { COMPUTE } = operations;
      const rows = [
        ...honestRows(stream, ['1.5', '2.5'], { window: FIRST }),
        ...withheldRows(stream, 'fewer than 13 sensors', { window: SECOND }),
        ...honestRows(stream, ['-4', '0', '1'], { window: THIRD, excluded: 1 }),
      ];
      serveRows(clouds, rows);
      const { transport } = clouds.ports;
      let asked = 0;
      const ports = {
        ...clouds.ports,
        transport: {
          ...transport,
          send: async (...args: Parameters<typeof transport.send>) => {
            // A node that dies in the middle: every third question to it gets no answer.
            if (args[0] === away && args[1].path.startsWith(COMPUTE.path) && asked++ % 3 === 0) {
              throw new EngineError('UNREACHABLE', `no answer from node ${away}: TEST`);
            }
            return transport.send(...args);
          },
        },
      };
      const series = await createOperator(ports).series(stream, {}, { waitMs: 5_000 });
      texts.add(JSON.stringify(seriesDocument(series, { digits: 15, confidence: CONFIDENCE })));
      texts.add(
        JSON.stringify(seriesDocument(await operator.series(stream), { digits: 15, confidence: CONFIDENCE })),
      );
    }
    expect(texts.size).toBe(1);
    expect([...texts][0]).not.toMatch(/domain a:|"reason"|a1|b1/);
  });
});
