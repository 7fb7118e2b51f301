import { join } from 'node:path';
import { EngineError, utf8 } from '../../src/foundation/index.ts';
import { readIfPresent, writeDurableFile } from './durable-file.ts';

/** LevelDB's own diary of the present run; the one before becomes LOG.old. */
const LEVELDB_LOG = 'LOG';
/** Says that records were dropped once; the next run of LevelDB would open without a word. */
const DOUBT_FILE = 'RECORDS-DROPPED';
/** What LevelDB 1.20 writes when it leaves out damaged records and carries on. */
const DROPPED = /dropping \d+ bytes|ignoring error|corruption/i;

/**
 * Refuses a database that lost acknowledged records: after one flipped byte in its log LevelDB opens as if
 * nothing had happened, and a node that forgot votes may vote the other way. Whether rows are whole is checked
 * row by row elsewhere; this notices rows that are gone.
 * @throws EngineError `STORE_FAILED`
 */
export async function refuseDoubtfulStore(folder: string): Promise<void> {
  const doubtFile = join(folder, DOUBT_FILE);
  let doubtful = (await readIfPresent(doubtFile)) !== undefined;
  if (!doubtful) {
    const log = (await readIfPresent(join(folder, LEVELDB_LOG))) ?? new Uint8Array();
    doubtful = DROPPED.test(new TextDecoder().decode(log));
    if (doubtful) await writeDurableFile(doubtFile, utf8('LevelDB dropped records of this store.\n'));
  }
  if (!doubtful) return;
  throw unusableStore(`every record of ${folder} to be there, but LevelDB dropped damaged ones`);
}

/** A store that must not be opened again, with what its operator does. @param expected what was expected, and what is there */
export function unusableStore(expected: string): EngineError {
  return new EngineError(
    'STORE_FAILED',
    `expected ${expected}: declare the store lost in the ring document and start the node with a new store id and an empty folder`,
  );
}
