import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, systemReason, toBase64Url } from '../../src/foundation/index.ts';
import { nodeVerifier, publicKeyFromPem, signerFromPem } from '../../src/platform/ed25519.ts';
import type { DomainSection, SectionPayload } from '../../src/ring/index.ts';
import { openSection, signSection } from '../../src/ring/index.ts';
import { SECTION_FILE } from './write-cluster.ts';

/**
 * The domain's next section with what changes, signed with the key in the folder or with a new one that the change names.
 * @throws EngineError `INVALID_ARGUMENT` when the folder's key is not the section's, `RING_REFUSED`
 */
export async function signNext(
  folder: string,
  { jws: _, rotatedFrom: __, ...before }: DomainSection,
  change: Partial<SectionPayload>,
  newKeyPem?: string,
): Promise<DomainSection> {
  const key = await readDomainKey(folder, before.key);
  const next = { ...before, ...change, version: before.version + 1 };
  return openSection(await signSection(next, signerFromPem(newKeyPem ?? key)), nodeVerifier);
}

/** The domain's private key, PEM. @throws EngineError `INVALID_ARGUMENT` when it is not the one that is named */
export async function readDomainKey(folder: string, publicKey: string): Promise<string> {
  const key = await readOwn(join(folder, 'domain.key'));
  const found = toBase64Url(publicKeyFromPem(key));
  if (found === publicKey) return key;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected domain.key to be the key ${publicKey} of section.jws, got ${found}`,
  );
}

/** What the domain said of itself last. */
export async function readSection(folder: string): Promise<DomainSection> {
  return openSection((await readOwn(join(folder, SECTION_FILE))).trim(), nodeVerifier);
}

/** A node's settings as they stand in its folder. */
export async function readSettings(path: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readOwn(path);
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text)));
  } catch {
    throw new EngineError('INVALID_ARGUMENT', `expected JSON at ${path}, got something else`);
  }
}

/** The files with the sealing keys that a node's settings name as former ones. */
export function formerNames({ formerSealingKeys }: Readonly<Record<string, unknown>>): readonly string[] {
  return Array.isArray(formerSealingKeys) ? formerSealingKeys.map(String) : [];
}

/** A file of the domain's own folder. @throws EngineError `INVALID_ARGUMENT` */
export async function readOwn(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a domain's folder as "m-cloud domain init" makes it with ${path}, got ${systemReason(error)}`,
    );
  }
}
