import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Rational } from '../../src/arithmetic/index.ts';
import { EngineError, type ErrorCode } from '../../src/foundation/index.ts';
import { groupNamed } from '../../src/protocol/stream-groups.ts';
import type { CliEnvironment } from '../environment.ts';
import { explanationText, seriesCsv, seriesMarkdown } from '../figure-tables.ts';
import { defaultTexts, examples, exits } from '../help.ts';
import type { MissingPart, SeriesQuestion, SeriesResult, StreamState } from '../operator/index.ts';
import {
  type CrossOption,
  confidenceOption,
  crossOption,
  type FitOption,
  fitOption,
  timeOption,
  waitOption,
  wholeNumber,
} from '../option-values.ts';
import { answerText, indented, missingLines, seriesText } from '../result-report.ts';
import { answerDocument, seriesDocument } from '../series-document.ts';
import { createSession, type Session } from '../session.ts';
import { CONFIDENCE, type StatisticsOptions, statisticsDocument } from '../statistics-document.ts';
import { type WindowChoice, windowChoice, windowOf } from '../window-choice.ts';

/** Digits a person may ask for: printing is quadratic in them, and no measurement has a thousand. */
export const DIGITS_MAX = 1_000;
/** Reasons named in one message. */
const REASONS_MAX = 3;

/** What is printed; --json is another name of the first. */
const FORMATS = ['json', 'table', 'csv', 'markdown'] as const;
type Format = (typeof FORMATS)[number];

interface ComputeOptions {
  readonly window?: WindowChoice;
  readonly from?: number;
  readonly to?: number;
  readonly group?: string;
  readonly seal?: boolean;
  readonly follow?: boolean;
  readonly digits: number;
  readonly confidence: Rational;
  readonly regress?: string;
  readonly weight?: string;
  readonly fit?: FitOption;
  readonly cross?: CrossOption;
  readonly format: Format;
  readonly csv?: boolean;
  readonly explain?: boolean;
  readonly wait: number;
}

export function addCompute(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('compute')
    .description('the exact statistics of every released window of a stream, and of all together')
    .argument('<stream>', 'name or hash of the stream, or the first 8 digits of the hash or more')
    .addOption(
      new Option('--window <start>', 'one window by its start, or latest; it is sealed if it may be')
        .argParser(windowChoice)
        .conflicts(['from', 'to', 'follow']),
    )
    .option('--from <time>', 'only windows that start then or later', momentOption)
    .addOption(
      new Option('--to <time>', 'only windows that start before').argParser(momentOption).conflicts('follow'),
    )
    .option('--group <label>', 'only the readings with this label')
    .addOption(new Option('--seal', 'seal the open windows first, through one node').conflicts('follow'))
    .option('--follow', 'go on, and print each window when it is released, until stopped')
    .option('--digits <n>', 'significant digits of rounded numbers', wholeNumber(1, DIGITS_MAX), 15)
    .option('--confidence <part>', 'of intervals, between 0 and 1', confidenceOption, CONFIDENCE)
    .option('--regress <field>', 'least squares of this field on all others')
    .option('--weight <field>', 'weighted mean and variance of all others, by this field')
    .option(
      '--fit <field>',
      'chi-square test of its cells against equal shares, or those of field=1,1,2',
      fitOption,
    )
    .option(
      '--cross <field=columns>',
      'chi-square test of independence; its cells are a table, row by row',
      crossOption,
    )
    .addOption(new Option('--format <form>', 'what to print').choices(FORMATS).default('table'))
    .addOption(new Option('--csv', 'the same as --format csv').conflicts('format'))
    .option('--explain', 'add what each figure is, its formula and its source')
    .addOption(waitOption('how long to wait until all is settled'));
  defaultTexts(command, { confidence: '0.95' });
  examples(command, [
    ['m-cloud compute temperature', 'every window that is sealed, and the total'],
    ['m-cloud compute temperature --window latest', 'close the newest window and print its statistics'],
    ['m-cloud compute temperature --from 2026-01-01 --to 2026-02-01 --json', 'a month, for a program'],
    ['m-cloud compute houses --regress price --explain', 'a regression, and what the figures are'],
    ['m-cloud compute vote --fit choice', 'counts, proportions, and a test against equal shares'],
    ['m-cloud compute 3f9a12c4 --window 2026-01-31T12:00Z --format csv', ''],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN', 'INCOMPLETE', 'WITHHELD', 'INEXACT']);
  command.action(async (name: string, options: ComputeOptions) => {
    const session = createSession(command, environment);
    if (session.json && (options.csv === true || !['json', 'table'].includes(options.format))) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        'expected one of --json, --csv and --format, got two of them',
      );
    }
    const { signal } = environment;
    await session.withOperator(async ({ operator }) => {
      const wait = { waitMs: options.wait * 1_000, signal };
      const state = await operator.findStream(name, wait);
      const question = questionOf(state, options);
      const statistics: StatisticsOptions = {
        digits: options.digits,
        confidence: options.confidence,
        ...(options.regress === undefined ? {} : { response: options.regress }),
        ...(options.weight === undefined ? {} : { weight: options.weight }),
        ...(options.fit === undefined ? {} : { fit: options.fit }),
        ...(options.cross === undefined ? {} : { cross: options.cross }),
      };
      if (options.follow === true) {
        await operator.follow(state.stream, question, {
          signal,
          onTrouble: ({ code, message }) => session.say(`${code}: ${message}; asking again`),
          onAnswer: (answer) =>
            session.answer(answerDocument(state.stream, answer, statistics), () =>
              answerText(answer, options.digits),
            ),
        });
        return;
      }
      const series = await operator.series(state.stream, question, wait);
      if (session.json) session.answer(seriesDocument(series, statistics), () => '');
      else if (series.total !== null) session.answer(null, () => shown(series, options, statistics, session));
      const failure = failureOf(series);
      if (failure !== undefined) throw failure;
    });
  });
}

function shown(
  series: SeriesResult,
  { format, csv, explain }: ComputeOptions,
  statistics: StatisticsOptions,
  { palette }: Session,
): string {
  switch (csv === true ? 'csv' : format) {
    case 'json':
      return `${JSON.stringify(seriesDocument(series, statistics))}\n`;
    case 'csv':
      return seriesCsv(seriesDocument(series, statistics));
    case 'markdown':
      // Only the total is shown: what thousands of windows say by themselves would be computed in vain.
      return seriesMarkdown(seriesDocument({ ...series, windows: [], groups: [] }, statistics));
    case 'table': {
      // Without the statistics of every window, which a table does not show.
      const text = seriesText(series, statistics, palette);
      if (explain !== true || series.total === null) return text;
      return `${text}\n${explanationText(statisticsDocument(series.stream, series.total, statistics), palette)}`;
    }
  }
}

function questionOf(state: StreamState, options: ComputeOptions): SeriesQuestion {
  const { window, from, to, group, seal } = options;
  if (from !== undefined && to !== undefined && to <= from) {
    throw new EngineError('INVALID_ARGUMENT', `expected --to after --from, got ${to} and ${from}`);
  }
  return {
    ...(window === undefined ? {} : { window: windowOf(state, window) }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(group === undefined ? {} : { group: groupNamed(state.stream, group) }),
    ...(seal === undefined ? {} : { seal }),
  };
}

/** How a command with this answer ends: well where something was released and nothing contradicts itself. */
function failureOf({ total, missing }: SeriesResult): EngineError | undefined {
  const impossible = missing.filter(({ state }) => state === 'impossible');
  if (impossible.length > 0) return failure('IMPOSSIBLE_AGGREGATE', impossible);
  if (total !== null) return undefined;
  const withheld = missing.every(({ state }) => state === 'withheld');
  return failure(withheld ? 'WITHHELD' : 'INCOMPLETE', missing);
}

function failure(code: ErrorCode, parts: readonly MissingPart[]): EngineError {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) {
    const { reason } = first;
    const told = reason.includes('\n') ? `expected a result, got none\n${indented(reason)}` : reason;
    return new EngineError(code, told.trimEnd());
  }
  const told = parts.slice(0, REASONS_MAX).map(missingLines).join('');
  const more = parts.length > REASONS_MAX ? `  and ${parts.length - REASONS_MAX} more` : '';
  return new EngineError(code, `expected a result, got none of ${parts.length}\n${told}${more}`.trimEnd());
}

/** Reads Unix milliseconds or a time; a span would mean another moment whenever it is asked. */
function momentOption(text: string): number {
  const time = timeOption(text);
  if (time.kind === 'at') return time.ms;
  throw new InvalidArgumentError('Expected Unix milliseconds, or a time such as 2026-01-31T12:00Z.');
}
