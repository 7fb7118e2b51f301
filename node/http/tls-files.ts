import { readFileSync } from 'node:fs';
import { EngineError, systemReason } from '../../src/foundation/index.ts';
import type { TlsIdentity } from './listener.ts';

/**
 * Reads a port's certificate and key.
 * @throws EngineError `INVALID_ARGUMENT` naming the file that cannot be read
 */
export function readTlsIdentity(paths: { readonly cert: string; readonly key: string }): TlsIdentity {
  const { cert, key } = paths;
  return { cert: readText(cert, 'a certificate'), key: readText(key, 'a private key'), file: cert };
}

function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected the PEM of ${what} in ${path}, got ${systemReason(error)}`,
    );
  }
}
