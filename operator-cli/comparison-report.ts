import type { RationalDocument, RootDocument } from '../src/statistics/index.ts';
import { isExact } from '../src/statistics/index.ts';
import type { ComparisonDocument } from './comparison-document.ts';
import { type Palette, renderTable } from './output.ts';

/** The samples, then the tests, each number with "=" where its digits are all there are and "≈" where not. */
export function comparisonText(document: ComparisonDocument, palette: Palette): string {
  const { field, samples, together, welch, varianceRatio, analysisOfVariance: variance } = document;
  const printed = (name: string, what: string, value: RationalDocument | RootDocument | null) =>
    value === null
      ? [name, what, palette.faint('none'), '']
      : [name, what, value.decimal, isExact(value) ? palette.good('=') : '≈'];
  const rounded = (name: string, what: string, value: string) => [name, what, value, '≈'];
  const rows = [
    ...(welch === null
      ? []
      : [
          printed('Welch’s t', 'difference of means', welch.difference),
          ...(welch.interval === null
            ? []
            : [
                rounded('', `${welch.interval.confidence} low`, welch.interval.low),
                rounded('', `${welch.interval.confidence} high`, welch.interval.high),
              ]),
          printed('', 't', welch.t),
          printed('', 'degrees of freedom', welch.degrees),
          rounded('', 'p, two-sided', welch.p),
        ]),
    ...(varianceRatio === null
      ? []
      : [printed('variance ratio', 'F', varianceRatio.f), rounded('', 'p, two-sided', varianceRatio.p)]),
    printed('analysis of variance', 'between, sum of squares', variance.betweenSumOfSquares),
    printed('', 'within, sum of squares', variance.withinSumOfSquares),
    ['', 'degrees of freedom', `${variance.betweenDegrees} and ${variance.withinDegrees}`, '='],
    printed('', 'F', variance.f),
    rounded('', 'p', variance.p),
    printed('', 'R squared', variance.r2),
  ];
  return [
    `${palette.strong(field)}\n${renderTable(
      [
        [document.by, 'count', 'mean', 'standard deviation, sample'],
        ...[...samples, { name: 'together', ...together }].map(({ name, count, mean, standardDeviation }) => [
          name,
          String(count),
          mean?.decimal ?? 'none',
          standardDeviation.sample ?? 'none',
        ]),
      ],
      ['left', 'right', 'right', 'right'],
    )}`,
    renderTable(rows, ['left', 'left', 'right', 'left']),
  ].join('\n');
}
