import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, systemReason, toBase64Url } from '../../src/foundation/index.ts';
import { nodeVerifier, publicKeyFromPem, signerFromPem } from '../../src/platform/index.ts';
import type { RosterBatch } from '../../src/protocol/index.ts';
import type { Signer } from '../../src/ring/index.ts';
import { AUTHORITY_KEY_FILE } from '../cluster/index.ts';
import { readText } from '../config.ts';
import { openRosterLog, type RosterLog } from './roster-log.ts';

const LOG_FOLDER = 'roster';
/** Names sort as numbers do. */
const NUMBER_DIGITS = 8;
const BATCH_FILE = /^\d{8}\.jws$/;

/** An enrolment authority with its key and its log. */
export interface Authority {
  readonly signer: Signer;
  readonly log: RosterLog;
}

/**
 * Reads an authority's folder: `authority.key`, and the log in `roster/`, one file per batch.
 * @throws EngineError `INVALID_ARGUMENT` when a file cannot be read, or the error of a malformed one
 */
export async function readAuthority(folder: string): Promise<Authority> {
  const pem = await readText(join(folder, AUTHORITY_KEY_FILE), "the authority's key");
  const names = (await readdir(join(folder, LOG_FOLDER)).catch(() => [])).filter((name) =>
    BATCH_FILE.test(name),
  );
  const documents: string[] = [];
  for (const name of names.toSorted()) {
    documents.push((await readText(join(folder, LOG_FOLDER, name), 'a batch')).trim());
  }
  const key = toBase64Url(publicKeyFromPem(pem));
  return { signer: signerFromPem(pem), log: await openRosterLog(key, documents, nodeVerifier) };
}

/**
 * Keeps a batch, synced, before anybody sees it: two batches of one number would split the nodes for ever.
 * @throws EngineError `INVALID_ARGUMENT` where there is a batch of that number already
 */
export async function keepBatch(folder: string, { sequence, jws }: RosterBatch): Promise<void> {
  const path = join(folder, LOG_FOLDER, `${String(sequence).padStart(NUMBER_DIGITS, '0')}.jws`);
  try {
    await mkdir(join(folder, LOG_FOLDER), { recursive: true });
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${jws}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a place for a new batch at ${path}, got ${systemReason(cause)}`,
    );
  }
}
