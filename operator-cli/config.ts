import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import {
  EngineError,
  type ErrorDetails,
  inFile,
  systemReason,
  toBase64Url,
} from '../src/foundation/index.ts';
import { nodeVerifier, publicKeyFromPem } from '../src/platform/index.ts';
import { openRingDocument } from '../src/ring/index.ts';
import { readOperatorConfig } from './cluster/index.ts';
import type { CliEnvironment, OperatorIdentity } from './environment.ts';

/** Where the configuration is looked for when neither --config nor MCLOUD_CONFIG names it. */
export const CONFIG_FILE_DEFAULT = 'operator.json';

/**
 * Reads `operator.json` and the two files it names. The ring document must be signed by the key beside it:
 * an operator that trusted another ring would hand its streams to strangers.
 * @throws EngineError `INVALID_ARGUMENT` when a file cannot be read, or the error of a malformed one
 */
export async function readIdentity(
  environment: CliEnvironment,
  option: string | undefined,
): Promise<OperatorIdentity> {
  const { ringPath, privateKeyPem } = await readOperatorKey(environment, option);
  const ring = await readText(ringPath, 'the ring document', { hint: 'config' });
  const operatorKey = toBase64Url(publicKeyFromPem(privateKeyPem));
  const open = () => openRingDocument(ring.trim(), nodeVerifier, { operatorKey });
  return { ring: await inFile(ringPath, open), privateKeyPem };
}

/** The operator's key, and where its ring document is or will be. */
export interface OperatorKey {
  readonly privateKeyPem: string;
  readonly ringPath: string;
}

/**
 * Reads `operator.json` and the key it names, for what is done before there is a ring document.
 * @throws EngineError `INVALID_ARGUMENT` when a file cannot be read, or the error of a malformed one
 */
export async function readOperatorKey(
  environment: CliEnvironment,
  option: string | undefined,
): Promise<OperatorKey> {
  const named = option ?? environment.variables.MCLOUD_CONFIG ?? CONFIG_FILE_DEFAULT;
  const path = resolve(environment.workingFolder, named);
  const text = await readText(path, 'the configuration', { hint: 'config' });
  const config = await inFile(path, () => readOperatorConfig(text));
  const folder = dirname(path);
  const keyPath = resolve(folder, config.key);
  const privateKeyPem = await readText(keyPath, "the operator's key", { hint: 'config' });
  await inFile(keyPath, () => publicKeyFromPem(privateKeyPem));
  return { privateKeyPem, ringPath: resolve(folder, config.ring) };
}

/**
 * @param details facts for the error, such as which hint helps.
 * @throws EngineError `INVALID_ARGUMENT` saying what was to be read and where
 */
export async function readText(path: string, what: string, details: ErrorDetails = {}): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected to read ${what} at ${path}, got ${systemReason(error)}`,
      details,
    );
  }
}
