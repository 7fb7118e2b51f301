import type { Command } from 'commander';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { type StreamTerms, streamPayload } from '../operator/index.ts';
import { decimalText, wholeNumber } from '../option-values.ts';
import { createSession } from '../session.ts';
import { streamJson, streamText } from '../stream-report.ts';

const DAY_MS = 86_400_000;

interface CreateOptions {
  readonly name: string;
  readonly field: string;
  readonly unit: string;
  readonly decimals: number;
  readonly min: string;
  readonly max: string;
  readonly offset?: string;
  readonly degree: number;
  readonly domains?: readonly string[];
  readonly minSensors?: number;
  readonly minCommitted: number;
  readonly maxReadings: number;
  readonly maxExcluded: number;
  readonly flagTimeout: number;
  readonly grace: number;
  readonly retention: number;
  readonly publicData?: boolean;
}

export function addStreamCreate(parent: Command, environment: CliEnvironment): void {
  const whole = wholeNumber;
  const command = parent
    .command('create')
    .description('sign a stream of one numeric field and hand it to the nodes of its domains')
    .requiredOption('--name <name>', 'how people call the stream')
    .requiredOption('--field <name>', 'how people call the measured quantity')
    .requiredOption('--decimals <n>', 'digits after the point that a reading may have', whole(0, 38))
    .requiredOption('--min <number>', 'smallest possible reading', decimalText)
    .requiredOption('--max <number>', 'largest possible reading', decimalText)
    .option('--offset <number>', 'public value subtracted before sharing (default: the middle)', decimalText)
    .option('--unit <text>', 'unit of the readings, for people', '')
    .option('--degree <n>', 'highest power: 1 mean, 2 variance, 3 skewness, 4 kurtosis', whole(1, 8), 2)
    .option('--domains <list>', 'domain ids in the order of the shares (default: all)', (text) =>
      text.split(','),
    )
    .option('--min-sensors <n>', 'fewest sensors of a result (default: the least safe)', whole(1, 2 ** 32))
    .option('--min-committed <percent>', 'of the sensors that sent a share, in the result', whole(1, 100), 90)
    .option('--max-readings <n>', 'most readings of a window', whole(1, 2 ** 32), 1_000_000)
    .option('--max-excluded <n>', 'most lost readings a result may leave out', whole(0, 65_536), 1_000)
    .option('--flag-timeout <seconds>', 'after which a reading half sent is ERROR', whole(1, 86_400), 60)
    .option('--grace <seconds>', 'for late readings after the end of a window', whole(0, 604_800), 0)
    .option('--retention <days>', 'until all about single readings is erased', whole(1, 90), 7)
    .option('--public-data', 'the readings are no secret: allows a --min-sensors below the safe one');
  examples(command, [
    [
      'm-cloud stream create --name t --field temperature --unit C --decimals 1 --min -40 --max 60 --public-data',
      '',
    ],
    ['m-cloud stream create --name power --field watts --decimals 0 --min 0 --max 100000 --degree 4', ''],
  ]);
  exits(command, ['FAILED', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (options: CreateOptions) => {
    const session = createSession(command, environment);
    await session.withOperator(async ({ operator, signer }) => {
      const payload = streamPayload(operator.ring, termsOf(options), environment.randomBytes);
      const placed = await operator.putStream(await signStream(payload, signer), {
        signal: environment.signal,
      });
      for (const { node, code } of placed.missed) session.say(`node ${node} did not take it: ${code}`);
      session.answer({ ...streamJson(placed.stream), taken: placed.taken, missed: placed.missed }, () =>
        streamText(placed.stream, session.palette),
      );
    });
  });
}

function termsOf(options: CreateOptions): StreamTerms {
  return {
    name: options.name,
    field: options.field,
    unit: options.unit,
    decimals: options.decimals,
    min: options.min,
    max: options.max,
    ...(options.offset === undefined ? {} : { offset: options.offset }),
    degree: options.degree,
    ...(options.domains === undefined ? {} : { domains: options.domains }),
    ...(options.minSensors === undefined ? {} : { minSensors: options.minSensors }),
    minCommittedPercent: options.minCommitted,
    maxReadings: options.maxReadings,
    maxExcluded: Math.min(options.maxExcluded, options.maxReadings),
    flagTimeoutMs: options.flagTimeout * 1_000,
    graceMs: options.grace * 1_000,
    retentionMs: options.retention * DAY_MS,
    publicData: options.publicData === true,
  };
}
