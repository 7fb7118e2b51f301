import type { Command } from 'commander';
import { readSensorBundle } from '../../src/ring/index.ts';
import type { Sensor } from '../sensor.ts';
import { createSensor } from '../sensor.ts';
import type { CliEnvironment } from './environment.ts';
import { readText } from './readings.ts';

export interface SensorCliOptions {
  readonly bundle: string;
  readonly stream: string;
  readonly sensorId?: string;
  readonly allowDevelopment?: boolean;
}

export function addSensorOptions(command: Command): Command {
  return command
    .requiredOption('--bundle <file>', 'sensor.json: the ring document and the keys to believe')
    .requiredOption('--stream <hash>', 'the stream, by the hash of its document')
    .option('--sensor-id <id>', 'who uploads, 32 hex digits (default: drawn at random)')
    .option('--allow-development', 'take part in a development ring, which protects nothing');
}

/** Opens a sensor, works with it, and closes it whatever happens. */
export async function withSensor(
  environment: CliEnvironment,
  options: SensorCliOptions,
  work: (sensor: Sensor) => Promise<void>,
): Promise<void> {
  const bundle = readSensorBundle(await readText(environment, options.bundle));
  const sensor = await createSensor(
    {
      bundle,
      stream: options.stream,
      policy: { allowDevelopment: options.allowDevelopment === true },
      ...(options.sensorId === undefined ? {} : { sensorId: options.sensorId }),
    },
    environment.ports,
  );
  try {
    await work(sensor);
  } finally {
    await sensor.close();
  }
}
