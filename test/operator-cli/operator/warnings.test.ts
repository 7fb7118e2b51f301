import { describe, expect, it } from 'vitest';
import { addSums, combineRows, streamWarnings } from '../../../operator-cli/operator/index.ts';
import { fakeClouds, honestRows, WINDOW } from '../support/fake-clouds.ts';

const { stream } = await fakeClouds({ nodes: [1, 1] });

function codesOf(readings: readonly string[]): readonly string[] {
  const { warnings } = combineRows(stream, WINDOW, honestRows(stream, readings));
  return warnings.map(({ code, subject }) => `${code} ${subject}`);
}

describe('warnings', () => {
  it('say that readings are public and sensors are not enrolled', () => {
    const codes = (terms: object) => streamWarnings({ ...stream, ...terms }).map(({ code }) => code);
    expect(codes({})).toEqual(['PUBLIC_DATA', 'OPEN_ENROLMENT']);
    expect(codes({ publicData: false, enrolment: 'required' })).toEqual([]);
  });

  it('say that all readings are the same, or at a bound', () => {
    expect(codesOf(['4', '4', '4'])).toEqual(['VARIANCE_ZERO x']);
    expect(codesOf(['60', '60'])).toEqual(['VARIANCE_ZERO x', 'SUM_AT_BOUND x']);
    expect(codesOf(['-50'])).toEqual(['VARIANCE_ZERO x', 'SUM_AT_BOUND x']);
    expect(codesOf(['4', '4.1'])).toEqual([]);
    expect(codesOf([])).toEqual([]);
  });

  it('say which cells hold fewer readings than the gate asks for, empty ones apart', async () => {
    const cells = await fakeClouds(
      { nodes: [1, 1] },
      {
        elements: [
          { kind: 'count' },
          { kind: 'cell', field: 'x', from: '-50', to: '0' },
          { kind: 'cell', field: 'x', from: '0', to: '20' },
          { kind: 'cell', field: 'x', from: '20', to: '61' },
        ],
        publishesCells: true,
        minSensors: 3,
      },
    );
    const rows = honestRows(cells.stream, ['1', '2', '3', '30', '31']);
    const { warnings, fields } = combineRows(cells.stream, WINDOW, rows);
    expect(warnings).toEqual([
      {
        code: 'CELL_BELOW_MINIMUM',
        subject: 'cell of x from 20 to 61',
        text: expect.stringContaining('fewer than 3 readings'),
      },
    ]);
    // No sum of x is shared, so there is no statistic of it either.
    expect(fields).toEqual([]);
  });
});

describe('sums of disjoint sets', () => {
  it('add up exactly, also beyond what one window could hold', () => {
    const part = combineRows(stream, WINDOW, honestRows(stream, ['59.9', '-49.9'], { excluded: 1 }));
    const huge = { ...part, readings: 2 ** 40, sums: [2n ** 40n, 2n ** 127n, 2n ** 127n] };
    const total = addSums(stream, [part, huge, huge]);
    expect(total).toMatchObject({ readings: 2 + 2 ** 41, excluded: 3 });
    expect(total.sums).toEqual([2n + 2n ** 41n, 100n + 2n ** 128n, 599n ** 2n + 499n ** 2n + 2n ** 128n]);
    expect(addSums(stream, [part]).fields).toEqual(part.fields);
  });
});
