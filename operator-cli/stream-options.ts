import { type Command, InvalidArgumentError, Option } from 'commander';
import { EngineError } from '../src/foundation/index.ts';
import type { StreamDraft } from '../src/protocol/stream-document.ts';
import { readStreamDraft } from '../src/protocol/stream-document.ts';
import {
  FLAG_TIMEOUT_MS_MAX,
  GRACE_MS_MAX,
  READINGS_MAX,
  RETENTION_MS_MAX,
  SENSORS_MIN_MAX,
  WINDOW_MS_MAX,
  WINDOW_MS_MIN,
} from '../src/protocol/stream-limits.ts';
import { momentElements } from '../src/sharing/index.ts';
import { STREAM_DEFAULTS } from './operator/index.ts';
import { decimalText, duration, shownSpan, wholeNumber } from './option-values.ts';

/** The options of `stream create`; without --file they are the whole stream. */
export interface StreamOptions {
  readonly file?: string;
  readonly name?: string;
  readonly field?: readonly FieldOption[];
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: string;
  readonly max?: string;
  readonly offset?: string;
  readonly degree?: number;
  readonly domains?: readonly string[];
  readonly window?: 'manual' | number;
  readonly grace?: number;
  readonly flagTimeout?: number;
  readonly minSensors?: number;
  readonly minCommitted?: number;
  readonly maxReadings?: number;
  readonly maxExcluded?: number;
  readonly retention?: number;
  readonly groups?: readonly string[];
  readonly enrolment?: 'required' | 'open';
  readonly batches?: boolean;
  readonly seeds?: boolean;
  readonly publicData?: boolean;
}

/** One --field: what it does not say itself, the options beside it say for all fields. */
interface FieldOption {
  readonly name: string;
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: string;
  readonly max?: string;
  readonly offset?: string;
}

const whole = wholeNumber;
const decimals = whole(0, 38);
const list = (text: string): readonly string[] => text.split(',');

/** Adds the options; --file excludes all others, since half a stream from each would be neither. */
export function addStreamOptions(command: Command): void {
  const options = [
    new Option('--name <name>', 'how people call the stream'),
    new Option(
      '--field <field>',
      'what is measured: a name, or name,unit=C,decimals=1,min=-40,max=60; once for each quantity',
    ).argParser(fieldOption),
    new Option('--decimals <n>', 'digits after the point that a reading may have').argParser(decimals),
    new Option('--min <number>', 'smallest possible reading').argParser(decimalText),
    new Option('--max <number>', 'largest possible reading').argParser(decimalText),
    new Option('--offset <number>', 'public value subtracted before sharing (default: the middle)').argParser(
      decimalText,
    ),
    new Option('--unit <text>', 'unit of the readings, for people'),
    new Option(
      '--degree <n>',
      `highest power, products of fields included: 1 mean, 2 variance and covariance, 3 skewness, 4 kurtosis (default: ${STREAM_DEFAULTS.degree})`,
    ).argParser(whole(1, 8)),
    new Option('--domains <list>', 'domain ids in the order of the shares (default: all)').argParser(list),
    new Option(
      '--window <length>',
      'length of a window, such as 15m, 1h or 1d, aligned to UTC; or manual (default: manual)',
    ).argParser(windowOption),
    new Option('--grace <span>', 'for late readings after the end of a window (default: 0s)').argParser(
      duration(0, GRACE_MS_MAX),
    ),
    new Option(
      '--flag-timeout <span>',
      `after which a reading half sent is ERROR (default: ${shownSpan(STREAM_DEFAULTS.flagTimeoutMs)})`,
    ).argParser(duration(1_000, FLAG_TIMEOUT_MS_MAX)),
    new Option('--min-sensors <n>', 'fewest sensors of a result (default: the least safe)').argParser(
      whole(1, SENSORS_MIN_MAX),
    ),
    new Option(
      '--min-committed <percent>',
      `of the sensors that sent a share, in the result (default: ${STREAM_DEFAULTS.minCommittedPercent})`,
    ).argParser(whole(1, 100)),
    new Option(
      '--max-readings <n>',
      `most readings of a window (default: ${STREAM_DEFAULTS.maxReadings})`,
    ).argParser(whole(1, READINGS_MAX)),
    new Option(
      '--max-excluded <n>',
      `most lost readings a result may leave out (default: ${STREAM_DEFAULTS.maxExcluded})`,
    ).argParser(whole(0, 65_536)),
    new Option(
      '--retention <span>',
      `until all about single readings is erased (default: ${shownSpan(STREAM_DEFAULTS.retentionMs)})`,
    ).argParser(duration(1_000, RETENTION_MS_MAX)),
    new Option(
      '--groups <list>',
      'labels a sensor chooses from, each sealed and released apart; a label is public',
    ).argParser(list),
    new Option('--enrolment <rule>', 'who may upload (default: required, and open for public data)').choices([
      'required',
      'open',
    ]),
    new Option('--batches', 'a gateway may send many readings under one flag; their number is public'),
    new Option('--seeds', 'all shares but the last are 32 bytes; they are then secret by computation only'),
    new Option('--public-data', 'the readings are no secret: allows a --min-sensors below the safe one'),
  ];
  command.addOption(
    new Option(
      '-f, --file <file>',
      'the whole stream from a JSON file, instead of the options below',
    ).conflicts(options.map((option) => option.attributeName())),
  );
  for (const option of options) command.addOption(option.long === '--field' ? option : once(option));
}

/** The last of two would hold for every field, also for one that the first was meant for. */
function once(option: Option): Option {
  if (option.isBoolean()) return option;
  const parse = option.parseArg;
  return option.argParser((text: string, before: unknown) => {
    if (before === undefined) return parse === undefined ? text : parse(text, before);
    throw new InvalidArgumentError(
      'Expected it once, for all fields; what holds for one is said in it, such as --field celsius,decimals=1.',
    );
  });
}

/**
 * The stream that options describe. It goes through the same reader as a file, for the same refusals.
 * @throws EngineError `INVALID_ARGUMENT` naming the option that is missing, `SCHEMA_MISMATCH`
 */
export function draftOf(options: StreamOptions): StreamDraft {
  const { name, field: given = [], window, domains } = options;
  if (name === undefined) throw missing('--name, or --file with a whole stream');
  if (given.length === 0) throw missing('--field');
  const fields = given.map((field) => fieldOf(field, options));
  return readStreamDraft(
    withoutUndefined({
      name,
      fields,
      elements: momentElements(given, options.degree ?? STREAM_DEFAULTS.degree),
      domains: domains?.map((id) => ({ id })),
      window: typeof window === 'number' ? { kind: 'fixed', durationMs: window } : undefined,
      graceMs: options.grace,
      flagTimeoutMs: options.flagTimeout,
      minSensors: options.minSensors,
      minCommittedPercent: options.minCommitted,
      maxReadings: options.maxReadings,
      maxExcluded: options.maxExcluded,
      retentionMs: options.retention,
      countMode: options.batches === true ? 'batch' : undefined,
      seeds: options.seeds,
      publicData: options.publicData,
      enrolment: options.enrolment,
      groups: options.groups,
    }),
  );
}

function fieldOf(field: FieldOption, shared: StreamOptions): Readonly<Record<string, unknown>> {
  const own = {
    name: field.name,
    unit: field.unit ?? shared.unit,
    decimals: field.decimals ?? shared.decimals,
    offset: field.offset ?? shared.offset,
    min: field.min ?? shared.min,
    max: field.max ?? shared.max,
  };
  for (const part of ['decimals', 'min', 'max'] as const) {
    if (own[part] === undefined) throw missing(`--${part} for the field ${field.name}`);
  }
  return withoutUndefined(own);
}

/** Reads "celsius" or "celsius,unit=C,decimals=1,min=-40,max=60", and adds it to the fields before it. */
function fieldOption(text: string, before: readonly FieldOption[] = []): readonly FieldOption[] {
  const [name = '', ...parts] = text.split(',');
  if (name === '' || name.includes('=')) {
    throw new InvalidArgumentError('Expected the name of the field first, such as celsius,unit=C.');
  }
  const field: {
    name: string;
    unit?: string;
    decimals?: number;
    offset?: string;
    min?: string;
    max?: string;
  } = {
    name,
  };
  for (const part of parts) {
    const [key = '', ...value] = part.split('=');
    const said = value.join('=');
    switch (key) {
      case 'unit':
        field.unit = said;
        break;
      case 'decimals':
        field.decimals = decimals(said);
        break;
      case 'offset':
      case 'min':
      case 'max':
        field[key] = decimalText(said);
        break;
      default:
        throw new InvalidArgumentError(
          `Expected unit, decimals, offset, min or max of field ${name}, got ${JSON.stringify(key)}.`,
        );
    }
  }
  return [...before, field];
}

function windowOption(text: string): 'manual' | number {
  return text === 'manual' ? text : duration(WINDOW_MS_MIN, WINDOW_MS_MAX)(text);
}

function withoutUndefined(record: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function missing(option: string): EngineError {
  return new EngineError('INVALID_ARGUMENT', `expected ${option}, got none`);
}
