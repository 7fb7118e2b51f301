import { join } from 'node:path';
import { EngineError, toBase64Url } from '../../src/foundation/index.ts';
import { generateEd25519, signerFromPem } from '../../src/platform/ed25519.ts';
import { hostIn } from '../../src/platform/host-in.ts';
import { nodeIdentityUri } from '../../src/platform/node-identity.ts';
import { generateP256, p256FromPem } from '../../src/platform/p256.ts';
import type { DomainSection } from '../../src/ring/index.ts';
import { FORMER_SEALING_KEYS_MAX, signKeyRotation } from '../../src/ring/index.ts';
import type { Authority, CertificateSource } from './certificates.ts';
import { formerNames, readDomainKey, readOwn, readSection, readSettings, signNext } from './domain-folder.ts';
import { replaceFile, replaceSecret } from './new-folder.ts';
import { SECTION_FILE } from './write-cluster.ts';

/** What of a domain can be made anew. */
export const RENEWALS = ['certificates', 'authority', 'authority-key', 'sealing-key', 'domain-key'] as const;
export type Renewal = (typeof RENEWALS)[number];

/**
 * Makes certificates or keys of a domain anew in its own folder, and signs the next section where it names them.
 *
 * - `certificates`: keys and certificates of every node, under the same authority; the section stays.
 * - `authority`: another ten years for the authority's certificate, over the same key.
 * - `authority-key`: another authority, and certificates of every node under it.
 * - `sealing-key`: another key for sensors to seal to; nodes open what is sealed to those before as well.
 * - `domain-key`: another key that signs sections, for which the one before vouches; the old one is kept beside it.
 *
 * @param folder as "domain init" made it.
 * @returns the domain's section from now on
 * @throws EngineError `INVALID_ARGUMENT` when the folder is no whole domain's
 */
export async function renewDomain(
  folder: string,
  what: Renewal,
  source: CertificateSource,
): Promise<DomainSection> {
  const before = await readSection(folder);
  switch (what) {
    case 'certificates':
      await issueAll(folder, before, await authorityIn(folder), source);
      return before;
    case 'authority':
    case 'authority-key':
      return changeAuthority(folder, before, what === 'authority-key', source);
    case 'sealing-key':
      return changeSealingKey(folder, before);
    case 'domain-key':
      return changeDomainKey(folder, before);
  }
}

async function authorityIn(folder: string): Promise<Authority> {
  const [certificate, key] = await Promise.all([
    readOwn(join(folder, 'ca.pem')),
    readOwn(join(folder, 'ca.key')),
  ]);
  const { openAuthority } = await import('./certificates.ts');
  return openAuthority(certificate, key);
}

async function issueAll(
  folder: string,
  { domain, nodes }: DomainSection,
  authority: Authority,
  source: CertificateSource,
): Promise<void> {
  const { issuePeerCertificate, issueServerCertificate } = await import('./certificates.ts');
  for (const { id, url, peerUrl } of nodes) {
    const identity = nodeIdentityUri({ domain, node: id });
    const [open, peer] = await Promise.all([
      issueServerCertificate(authority, id, [hostIn(url)], source),
      issuePeerCertificate(authority, id, identity, [hostIn(peerUrl)], source),
    ]);
    for (const [name, { certificatePem, privateKeyPem }] of [
      ['tls', open],
      ['peer', peer],
    ] as const) {
      await replaceSecret(join(folder, id, `${name}.key`), privateKeyPem);
      await replaceFile(join(folder, id, `${name}.pem`), certificatePem);
    }
  }
}

async function changeAuthority(
  folder: string,
  before: DomainSection,
  newKey: boolean,
  source: CertificateSource,
): Promise<DomainSection> {
  const { createAuthority, renewAuthority } = await import('./certificates.ts');
  const old = await authorityIn(folder);
  const authority = newKey
    ? await createAuthority(before.domain, source)
    : await renewAuthority(before.domain, old, source);
  const section = await signNext(folder, before, { certificateAuthority: authority.certificatePem });
  await replaceSecret(join(folder, 'ca.key'), authority.privateKeyPem);
  await replaceFile(join(folder, 'ca.pem'), authority.certificatePem);
  if (newKey) await issueAll(folder, before, authority, source);
  return keep(folder, section);
}

async function changeSealingKey(folder: string, before: DomainSection): Promise<DomainSection> {
  const former = await readOwn(join(folder, 'sealing.key'));
  const found = toBase64Url(p256FromPem(former).publicKey);
  // After an attempt that was cut off, the key that sensors use would be replaced by one that nobody has seen.
  if (found !== before.sealingKey) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected sealing.key to be the key ${before.sealingKey} of section.jws, got ${found}`,
    );
  }
  const settingsOf = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { id } of before.nodes) {
    const path = join(folder, id, 'node.json');
    const settings = await readSettings(path);
    checkRoom(path, settings);
    settingsOf.set(path, settings);
  }
  const formerName = `sealing-${before.version}.key`;
  const sealing = await generateP256();
  const section = await signNext(folder, before, { sealingKey: toBase64Url(sealing.publicKey) });
  for (const place of [folder, ...before.nodes.map(({ id }) => join(folder, id))]) {
    await replaceSecret(join(place, formerName), former);
    await replaceSecret(join(place, 'sealing.key'), sealing.privateKeyPem);
  }
  for (const [path, settings] of settingsOf) {
    const formerSealingKeys = [formerName, ...formerNames(settings)];
    await replaceFile(path, `${JSON.stringify({ ...settings, formerSealingKeys }, null, 2)}\n`);
  }
  return keep(folder, section);
}

/** @throws EngineError `INVALID_ARGUMENT` where one more key would be one too many, before anything is changed */
function checkRoom(path: string, settings: Readonly<Record<string, unknown>>): void {
  const { length } = formerNames(settings);
  if (length < FORMER_SEALING_KEYS_MAX) return;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected fewer than ${FORMER_SEALING_KEYS_MAX} formerSealingKeys in ${path}, got ${length}; take out those that no sensor seals to any more, and delete their files`,
  );
}

async function changeDomainKey(folder: string, before: DomainSection): Promise<DomainSection> {
  const old = await readDomainKey(folder, before.key);
  const key = await generateEd25519();
  const newKey = toBase64Url(key.publicKey);
  const rotation = { domain: before.domain, oldKey: before.key, newKey };
  const keyProof = await signKeyRotation(rotation, signerFromPem(old));
  const section = await signNext(folder, before, { key: newKey, keyProof }, key.privateKeyPem);
  await replaceSecret(join(folder, `domain-${before.version}.key`), old);
  await replaceSecret(join(folder, 'domain.key'), key.privateKeyPem);
  return keep(folder, section);
}

async function keep(folder: string, section: DomainSection): Promise<DomainSection> {
  await replaceFile(join(folder, SECTION_FILE), `${section.jws}\n`);
  return section;
}
