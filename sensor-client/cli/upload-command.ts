import type { Command } from 'commander';
import type { ExitName } from '../../src/foundation/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { limits } from '../../src/protocol/index.ts';
import {
  BATCHES_DEFAULT,
  CONCURRENCY_DEFAULT,
  CONCURRENCY_MAX,
  DEADLINE_MS_DEFAULT,
  DEADLINE_MS_MAX,
} from '../limits.ts';
import type { Sensor } from '../sensor.ts';
import type { CliEnvironment } from './environment.ts';
import { addSensorOptions, type SensorCliOptions, withSensor } from './open-sensor.ts';
import { createProgress } from './progress.ts';
import { csvSource, lineSource, type ReadingSource } from './readings.ts';
import { exitOfSummary, failureTeller, reportText, uploadReport } from './report.ts';
import { examples, exits, wholeNumber } from './usage.ts';

interface UploadCliOptions extends SensorCliOptions {
  readonly stdin?: boolean;
  readonly csv?: string;
  readonly column?: string;
  readonly window?: number;
  readonly at?: number;
  readonly group?: string;
  readonly concurrency?: number;
  readonly batch?: number;
  readonly deadline: number;
  readonly json?: boolean;
}

export function addUpload(
  program: Command,
  environment: CliEnvironment,
  ended: (exit: ExitName) => void,
): void {
  const command = addSensorOptions(program.command('upload'))
    .description('split readings into shares and commit them')
    .argument('[value]', 'one reading, a decimal number')
    .option('--stdin', 'readings from standard input, one per line, as they come')
    .option('--csv <file>', 'readings from a CSV file with a header')
    .option('--column <name>', 'the column of --csv')
    .option(
      '--window <start>',
      'the window, Unix milliseconds (default: the one of the time)',
      wholeNumber(0, 2 ** 53 - 1),
    )
    .option(
      '--at <time>',
      'when the readings were measured, Unix milliseconds (default: now)',
      wholeNumber(0, 2 ** 53 - 1),
    )
    .option('--group <label>', 'the label of the readings, where the stream declares some')
    .option(
      '--batch <n>',
      'as a gateway, n readings under one flag: all of them in the result, or none',
      wholeNumber(1, limits.BATCH_READINGS_MAX),
    )
    .option(
      '--concurrency <n>',
      `readings, or batches, under way at once (default: ${CONCURRENCY_DEFAULT}, or ${BATCHES_DEFAULT})`,
      wholeNumber(1, CONCURRENCY_MAX),
    )
    .option(
      '--deadline <ms>',
      'time until one reading is given up, milliseconds',
      wholeNumber(1, DEADLINE_MS_MAX),
      DEADLINE_MS_DEFAULT,
    )
    .option('--json', 'print the summary as one JSON object');
  examples(command, [
    ['m-cloud-sensor upload --bundle sensor.json --stream HASH 21.5', 'one reading'],
    ['m-cloud-sensor upload --bundle sensor.json --stream HASH --csv day.csv --column celsius', 'a column'],
    [
      'm-cloud-sensor upload --bundle sensor.json --stream HASH --allow batches --batch 1000 --csv day.csv --column celsius',
      'a gateway, a thousand readings under one flag',
    ],
    ['thermometer | m-cloud-sensor upload --bundle sensor.json --stream HASH --stdin', 'as they come'],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN', 'UNDECIDED', 'NOT_COMMITTED', 'INTERRUPTED']);
  command.action(async (value: string | undefined, options: UploadCliOptions) => {
    const source = await sourceOf(environment, value, options);
    await withSensor(environment, options, async (sensor) => {
      ended(await uploadAll(environment, sensor, source, options));
    });
  });
}

async function sourceOf(
  environment: CliEnvironment,
  value: string | undefined,
  { stdin, csv, column }: UploadCliOptions,
): Promise<ReadingSource> {
  const ways = [value !== undefined, stdin === true, csv !== undefined].filter(Boolean).length;
  if (ways !== 1) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected one of VALUE, --stdin and --csv, got ${ways} of them`,
    );
  }
  if ((csv === undefined) !== (column === undefined)) {
    throw new EngineError('INVALID_ARGUMENT', 'expected --csv and --column together, got one of them');
  }
  if (value !== undefined) return { readings: [value], total: 1, placeOf: () => 'the reading' };
  return csv === undefined || column === undefined
    ? lineSource(environment)
    : csvSource(environment, csv, column);
}

async function uploadAll(
  environment: CliEnvironment,
  sensor: Sensor,
  source: ReadingSource,
  options: UploadCliOptions,
): Promise<ExitName> {
  const { signal } = environment;
  const { hash, enrolment } = await sensor.stream({ signal });
  if (enrolment === 'required' && options.key === undefined) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      'expected --key with the key of an enrolled sensor, because the stream takes readings of no other; got none',
    );
  }
  if (source.total !== undefined) await checkAll(sensor, source);
  const { total } = source;
  const progress = createProgress({
    err: environment.err,
    clock: environment.ports.clock,
    live: environment.liveProgress,
    ...(total === undefined ? {} : { total }),
  });
  const tell = failureTeller(environment.err, source.placeOf);
  const summary = await sensor
    .uploadMany(source.readings, {
      signal,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      ...(options.batch === undefined ? {} : { batch: options.batch }),
      deadlineMs: options.deadline,
      onProgress: progress.show,
      onFailure(failure) {
        progress.end();
        tell(failure);
      },
      ...(options.window === undefined ? {} : { window: options.window }),
      ...(options.at === undefined ? {} : { at: options.at }),
      ...(options.group === undefined ? {} : { group: options.group }),
    })
    .finally(progress.end);
  const report = uploadReport(hash, summary, source.placeOf);
  environment.out(options.json === true ? `${JSON.stringify(report)}\n` : reportText(report));
  return signal.aborted ? 'INTERRUPTED' : exitOfSummary(report);
}

/** A file is used as a whole or not at all: half a column would be a plausible wrong number. */
async function checkAll(sensor: Sensor, { readings, placeOf }: ReadingSource): Promise<void> {
  let index = 0;
  for await (const reading of readings) {
    try {
      await sensor.check(reading);
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      throw new EngineError(error.code, `${placeOf(index)}: ${error.message}`, error.details);
    }
    index += 1;
  }
}
