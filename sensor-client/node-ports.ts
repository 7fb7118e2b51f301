import { open, readFile, rename } from 'node:fs/promises';
import process from 'node:process';
import { EngineError, systemCode, systemReason } from '../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing, nodeVerifier, systemClock } from '../src/platform/index.ts';
import { createUndiciTransport } from '../src/platform/undici-transport.ts';
import type { SensorMemory } from './memory.ts';
import type { SensorPorts } from './ports.ts';

/** Reads a key file; Node knows the format. */
export { p256FromPem as keysFromPem } from '../src/platform/index.ts';

/** The real ports on Node. In a file of its own, so that a browser's bundle holds neither undici nor `node:`. */
export function nodePorts(): SensorPorts {
  return {
    clock: systemClock(),
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    sealing: nodeSealing,
    connect: (targets) => createUndiciTransport({ targets }),
  };
}

let memories = 0;

/**
 * A memory in a file. The file is replaced as a whole, so that a crash leaves the old text or the new one.
 * @throws EngineError `STORE_FAILED` from both functions when the file cannot be read or written
 */
export function fileMemory(path: string): SensorMemory {
  memories += 1;
  // Two commands of one bundle may run at once, two sensors in one program, and each must rename the file that it wrote.
  const fresh = `${path}.${process.pid}.${memories}.new`;
  let before: Promise<unknown> = Promise.resolve();

  async function replace(text: string): Promise<void> {
    try {
      const file = await open(fresh, 'w', 0o600);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, path);
    } catch (error) {
      throw failed('write', path, error);
    }
  }

  return {
    async load() {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if (systemCode(error) === 'ENOENT') return null;
        throw failed('read', path, error);
      }
    },
    save(text) {
      // One after the other: several nodes may bring newer documents at once, and the last one is to stay.
      const saved = before.then(() => replace(text));
      before = saved.catch(() => {});
      return saved;
    },
  };
}

function failed(what: 'read' | 'write', path: string, error: unknown): EngineError {
  return new EngineError(
    'STORE_FAILED',
    `expected to ${what} what the sensor has seen of its ring at ${path}, got ${systemReason(error)}`,
    {},
    { cause: error },
  );
}
