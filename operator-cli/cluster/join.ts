import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, systemCode, systemReason } from '../../src/foundation/index.ts';
import { nodeVerifier } from '../../src/platform/ed25519.ts';
import type { DomainSection, RingDocument } from '../../src/ring/index.ts';
import { checkSuccessor, openRingDocument, openSection } from '../../src/ring/index.ts';
import { replaceFile } from './new-folder.ts';
import { NODE_RING_FILE, SECTION_FILE } from './write-cluster.ts';

export interface JoinedRing {
  readonly ring: RingDocument;
  /** The domain's own section. */
  readonly section: DomainSection;
}

/**
 * Puts a ring document into the node folders of a domain that {@link writeDomain} wrote, after checking what the
 * domain can check by itself: it is listed word for word as it signed itself, the ring is no development ring,
 * and a document that is there already may be followed by this one.
 * @throws EngineError `RING_REFUSED` naming the rule, `RING_CONFLICT`, `INVALID_ARGUMENT` when the folder is no
 * domain's, and whatever opening the documents throws
 */
export async function joinRing(folder: string, jws: string): Promise<JoinedRing> {
  const section = await openSection(await readOwnSection(folder), nodeVerifier);
  const ring = await openRingDocument(jws, nodeVerifier);
  if (ring.development) {
    throw refused(
      'expected a ring of independent domains, got a development ring, in which one party may hold all keys',
    );
  }
  const listed = ring.domains.find(({ domain }) => domain === section.domain);
  if (listed === undefined) {
    const names = ring.domains.map(({ domain }) => domain).join(', ');
    throw refused(`expected domain ${section.domain} in the ring document, got ${names}`);
  }
  if (listed.jws !== section.jws) {
    throw refused(
      `expected the section of ${SECTION_FILE} for domain ${section.domain}, got another one of version ${listed.version}`,
    );
  }
  const paths = section.nodes.map(({ id }) => join(folder, id, NODE_RING_FILE));
  for (const path of paths) {
    const there = await readIfThere(path);
    const known = there === undefined ? undefined : await openRingDocument(there, nodeVerifier);
    // Documents between the two the node fetches from others; only the next one can be compared here.
    if (known !== undefined && ring.epoch <= known.epoch + 1) checkSuccessor(known, ring);
  }
  for (const path of paths) await replaceFile(path, `${ring.jws}\n`);
  return { ring, section };
}

async function readOwnSection(folder: string): Promise<string> {
  const path = join(folder, SECTION_FILE);
  const text = await readIfThere(path);
  if (text !== undefined) return text;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected a folder that "m-cloud domain init" made, got none with ${SECTION_FILE} at ${folder}`,
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a readable file at ${path}, got ${systemReason(error)}`,
    );
  }
}

function refused(message: string): EngineError {
  return new EngineError('RING_REFUSED', message);
}
