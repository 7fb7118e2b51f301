import { type Command, InvalidArgumentError } from 'commander';
import { EngineError, inFile } from '../../src/foundation/index.ts';
import { p256FromPem } from '../../src/platform/index.ts';
import type { SealingKeyPair } from '../../src/ports/index.ts';
import { readSensorBundle } from '../../src/ring/index.ts';
import { lenientMemory, memoryPathOf } from '../memory.ts';
import type { SensorPolicy } from '../policy.ts';
import { DEFAULT_POLICY } from '../policy.ts';
import type { Sensor } from '../sensor.ts';
import { createSensor } from '../sensor.ts';
import type { CliEnvironment } from './environment.ts';
import { readText } from './readings.ts';
import { wholeNumber } from './usage.ts';

export interface SensorCliOptions {
  readonly bundle: string;
  readonly stream: string;
  readonly key?: string;
  readonly allowDevelopment?: boolean;
  readonly allow?: Partial<SensorPolicy>;
  readonly minSensors?: number;
}

export function addSensorOptions(command: Command): Command {
  return command
    .requiredOption('--bundle <file>', 'sensor.json: the ring document and the keys to believe')
    .requiredOption('--stream <hash>', 'the stream, by the hash of its document')
    .option('--key <file>', "the sensor's own P-256 key, PEM (default: one made for this upload)")
    .option('--allow-development', 'take part in a development ring, which protects nothing')
    .option('--allow <list>', `streams that tell more: ${Object.keys(ALLOWED).join(', ')}`, allowedList)
    .option(
      '--min-sensors <n>',
      `fewest sensors a result may be about (default: ${DEFAULT_POLICY.minSensors})`,
      wholeNumber(1, 2 ** 32),
    );
}

/** What a person may allow by one word each; all of it is refused otherwise. */
const ALLOWED: Readonly<Record<string, Partial<SensorPolicy>>> = {
  labels: { allowGroups: true },
  cells: { elementKinds: ['count', 'moment', 'cell'] },
  seeds: { allowSeeds: true },
  batches: { allowBatches: true },
  'open-enrolment': { allowOpenEnrolment: true },
  'public-data': { allowPublicData: true },
};

function allowedList(text: string): Partial<SensorPolicy> {
  let policy: Partial<SensorPolicy> = {};
  for (const word of text.split(',')) {
    const rules = Object.hasOwn(ALLOWED, word) ? ALLOWED[word] : undefined;
    if (rules === undefined) {
      throw new InvalidArgumentError(`Expected some of ${Object.keys(ALLOWED).join(', ')}, got ${word}.`);
    }
    policy = { ...policy, ...rules };
  }
  return policy;
}

/** A rule that a person changes by an option is told by the option's name. */
function inOptions(error: unknown): unknown {
  if (!(error instanceof EngineError)) return error;
  const { code, message, details } = error;
  if (details.rule === 'allowDevelopment') {
    return new EngineError(code, message.replace('allowDevelopment', '--allow-development'), details);
  }
  const option = optionOf(details.rule);
  return option === undefined ? error : new EngineError(code, `${message}; ${option} agrees to it`, details);
}

function optionOf(rule: unknown): string | undefined {
  if (rule === 'minSensors') return '--min-sensors';
  const word = Object.entries(ALLOWED).find(([, rules]) => Object.keys(rules).some((name) => name === rule));
  return word && `--allow ${word[0]}`;
}

/** Opens a sensor, works with it, and closes it whatever happens. */
export async function withSensor(
  environment: CliEnvironment,
  options: SensorCliOptions,
  work: (sensor: Sensor) => Promise<void>,
): Promise<void> {
  const text = await readText(environment, options.bundle);
  const bundle = await inFile(options.bundle, () => readSensorBundle(text));
  const sensor = await createSensor(
    {
      bundle,
      stream: options.stream,
      policy: {
        ...options.allow,
        ...(options.minSensors === undefined ? {} : { minSensors: options.minSensors }),
        allowDevelopment: options.allowDevelopment === true,
      },
      memory: lenientMemory(environment.memory(memoryPathOf(options.bundle)), (message) =>
        environment.err(`${message}; an older ring would not be found out after a restart\n`),
      ),
      ...(options.key === undefined ? {} : { keys: await readKey(environment, options.key) }),
    },
    environment.ports,
  ).catch((error: unknown) => {
    throw inOptions(error);
  });
  try {
    // The stream is read when it is first needed.
    await work(sensor).catch((error: unknown) => {
      throw inOptions(error);
    });
  } finally {
    await sensor.close();
  }
}

async function readKey(environment: CliEnvironment, path: string): Promise<SealingKeyPair> {
  const pem = await readText(environment, path);
  return inFile(path, () => p256FromPem(pem));
}
