import { readFile } from 'node:fs/promises';
import { createSensor, EngineError, readSensorBundle, readSensorKeys } from 'm-cloud/sensor';

/**
 * Commits one reading.
 * @param files what `cluster init` or `ring bundle` wrote for sensors, and what `m-cloud-sensor keygen` wrote for this one.
 * @param stream the hash of the stream document, as `m-cloud stream list` prints it.
 * @returns the flag key: everything public about the reading, and nothing of its value.
 */
export async function uploadReading(
  files: { readonly bundle: string; readonly key: string },
  stream: string,
  reading: string,
): Promise<string> {
  const bundle = readSensorBundle(await readFile(files.bundle, 'utf8'));
  const keys = await readSensorKeys(await readFile(files.key, 'utf8'));
  // A development ring protects nothing, so a sensor joins one only when told to.
  const sensor = await createSensor({ bundle, stream, keys, policy: { allowDevelopment: true } });
  try {
    const { flagKey } = await sensor.upload(reading, { deadlineMs: 30_000 });
    return flagKey;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'READING_UNDECIDED') {
      // It may or may not be part of the result: ask, and do not upload it again.
      const flagKey = String(error.details.flagKey);
      if ((await sensor.outcome(flagKey)) === 'TRUE') return flagKey;
    }
    throw error;
  } finally {
    await sensor.close();
  }
}
