import { readFile } from 'node:fs/promises';
import { createSensor, EngineError, readSensorBundle } from 'm-cloud/sensor';

/**
 * Commits one reading.
 * @param stream the hash of the stream document, as `m-cloud stream list` prints it.
 * @returns the flag key: everything public about the reading, and nothing of its value.
 */
export async function uploadReading(bundleFile: string, stream: string, reading: string): Promise<string> {
  const bundle = readSensorBundle(await readFile(bundleFile, 'utf8'));
  // A development ring protects nothing, so a sensor joins one only when told to.
  const sensor = await createSensor({ bundle, stream, policy: { allowDevelopment: true } });
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
