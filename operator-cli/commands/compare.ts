import { type Command, Option } from 'commander';
import type { Rational } from '../../src/arithmetic/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { type ComparedBy, comparisonDocument, samplesOf } from '../comparison-document.ts';
import { comparisonText } from '../comparison-report.ts';
import type { CliEnvironment } from '../environment.ts';
import { defaultTexts, examples, exits } from '../help.ts';
import type { SeriesResult } from '../operator/index.ts';
import { confidenceOption, waitOption, wholeNumber } from '../option-values.ts';
import { missingText } from '../result-report.ts';
import { createSession } from '../session.ts';
import { CONFIDENCE } from '../statistics-document.ts';
import { DIGITS_MAX } from './compute.ts';

interface CompareOptions {
  readonly by?: ComparedBy;
  readonly field?: string;
  readonly digits: number;
  readonly confidence: Rational;
  readonly wait: number;
}

export function addCompare(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('compare')
    .description('test whether streams, or the groups or windows of one, differ; and merge them')
    .argument('<streams...>', 'names or hashes of streams, or the first 8 digits of the hash or more')
    .addOption(
      new Option(
        '--by <what>',
        'what is compared (default: streams, of one stream its groups or else windows)',
      ).choices(['stream', 'group', 'window'] as const),
    )
    .option('--field <name>', 'the field to compare (default: the only one)')
    .option('--digits <n>', 'significant digits of rounded numbers', wholeNumber(1, DIGITS_MAX), 15)
    .option('--confidence <part>', 'of intervals, between 0 and 1', confidenceOption, CONFIDENCE)
    .addOption(waitOption('how long to wait until all is settled'));
  defaultTexts(command, { confidence: '0.95' });
  examples(command, [
    ['m-cloud compare north south --field celsius', 'two streams: Welch’s t, F, analysis of variance'],
    ['m-cloud compare temperature --by group', 'the labels of one stream'],
    ['m-cloud compare temperature --by window --json', ''],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN', 'INEXACT']);
  command.action(async (names: readonly string[], options: CompareOptions) => {
    const session = createSession(command, environment);
    const { signal } = environment;
    await session.withOperator(async ({ operator }) => {
      const wait = { waitMs: options.wait * 1_000, signal };
      const answers: SeriesResult[] = [];
      for (const name of names) {
        const { stream } = await operator.findStream(name, wait);
        answers.push(await operator.series(stream, {}, wait));
      }
      const missing = missingText(answers.flatMap((answer) => answer.missing));
      if (missing !== '') session.say(missing.trimEnd());
      const by = options.by ?? usual(answers);
      const samples = samplesOf(answers, by, options.field ?? onlyField(answers));
      const { digits, confidence } = options;
      const document = comparisonDocument(samples, by, { digits, confidence });
      session.answer(document, () => comparisonText(document, session.palette));
    });
  });
}

function usual(answers: readonly SeriesResult[]): ComparedBy {
  if (answers.length > 1) return 'stream';
  return (answers[0]?.stream.groups.length ?? 0) > 0 ? 'group' : 'window';
}

function onlyField(answers: readonly SeriesResult[]): string {
  const names = new Set(answers.flatMap(({ stream }) => stream.fields.map(({ name }) => name)));
  const [first, ...others] = names;
  if (first !== undefined && others.length === 0) return first;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected --field with one of ${[...names].join(', ')}, got none`,
  );
}
