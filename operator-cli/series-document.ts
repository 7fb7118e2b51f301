import {
  type MissingPart,
  type ReleasedPart,
  type SeriesResult,
  type Sums,
  streamWarnings,
  type Total,
} from './operator/index.ts';
import {
  partStatistics,
  type StatisticsDocument,
  type StatisticsOptions,
  statisticsDocument,
} from './statistics-document.ts';

type Stream = SeriesResult['stream'];

/**
 * The answer about a stream as one JSON value: docs/result.schema.json describes it. It holds nothing that depends on
 * when, through whom or how often it was asked.
 */
export function seriesDocument(series: SeriesResult, options: StatisticsOptions) {
  const { stream, windows, groups, total, missing } = series;
  return {
    stream: stream.hash,
    name: stream.name,
    domains: stream.domains.map(({ id }) => id),
    warnings: streamWarnings(stream),
    windows: windows.map((part) => partDocument(stream, part, options)),
    // A stream without labels has one group, and its total is the total.
    groups:
      stream.groups.length === 0
        ? []
        : groups.map(({ group, total: own }) => ({
            group: group.name,
            total: own && totalDocument(own, partStatistics(stream, own, options)),
          })),
    total: total && totalDocument(total, statisticsDocument(stream, total, options)),
    missing: missing.map(missingDocument),
  };
}

export type SeriesDocument = ReturnType<typeof seriesDocument>;

/** One window or group, released or missing, as --follow prints it on a line. */
export function answerDocument(
  stream: Stream,
  answer: ReleasedPart | MissingPart,
  options: StatisticsOptions,
) {
  return 'state' in answer ? missingDocument(answer) : partDocument(stream, answer, options);
}

function partDocument(stream: Stream, { window, group, result }: ReleasedPart, options: StatisticsOptions) {
  return {
    window,
    group: group.name,
    settled: result.settled,
    ...sumsDocument(result, partStatistics(stream, result, options)),
  };
}

function missingDocument({ window, group, state }: MissingPart) {
  return { window, group: group.name, state };
}

function totalDocument(total: Total, statistics: StatisticsDocument) {
  return { parts: total.parts, ...sumsDocument(total, statistics) };
}

function sumsDocument(
  { readings, committed, excluded, sums, warnings }: Sums,
  statistics: StatisticsDocument,
) {
  return {
    readings,
    committed,
    excluded,
    sums: sums.map(String),
    ...statistics,
    warnings,
  };
}
