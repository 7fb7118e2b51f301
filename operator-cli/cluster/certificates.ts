// This file is imported where a certificate is made, when it is made: the library is 200 files, and most commands make none.
// The library resolves its algorithms through decorator metadata, so this comes first.
import 'reflect-metadata';
import type { webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import type { RandomBytes } from '../../src/ports/index.ts';

/** A certificate with its private key, both PEM (the key PKCS #8). */
export interface CertifiedKey {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** A domain's own certificate authority; nothing outside the domain can issue for it. */
export interface Authority extends CertifiedKey {
  readonly certificate: X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

/** What every certificate of a cluster needs: serial numbers and the time they begin. */
export interface CertificateSource {
  readonly randomBytes: RandomBytes;
  readonly nowMs: number;
}

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** How long a node's certificate holds: the longest time in which a stolen key of a node stays of use. */
const LEAF_VALID_MS = 365 * 86_400_000;
/** How long an authority holds: a new one means a new section of the domain and a new ring document. */
const AUTHORITY_VALID_MS = 10 * 365 * 86_400_000;
/** Certificates begin this much earlier, so that a computer whose clock is a little slow accepts them. */
const CLOCK_SKEW_MS = 3_600_000;
/** RFC 5280 allows 20; 16 random bytes are unique in practice and keep the sign bit free below. */
const SERIAL_BYTES = 16;

/** Makes the authority of one domain: self-signed, for leaf certificates only. */
export async function createAuthority(domain: string, source: CertificateSource): Promise<Authority> {
  return certifyAuthority(domain, await generateKeys(), source);
}

/** A new certificate for the same key and name: what the authority has issued stays good under both. */
export async function renewAuthority(
  domain: string,
  { certificate, signingKey: privateKey }: Authority,
  source: CertificateSource,
): Promise<Authority> {
  const publicKey = await certificate.publicKey.export(ALGORITHM, ['verify']);
  return certifyAuthority(domain, { privateKey, publicKey }, source);
}

async function certifyAuthority(
  domain: string,
  keys: webcrypto.CryptoKeyPair,
  source: CertificateSource,
): Promise<Authority> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(source, AUTHORITY_VALID_MS),
    name: [{ CN: [`m-cloud authority of ${domain}`] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { ...(await pemOf(certificate, keys.privateKey)), certificate, signingKey: keys.privateKey };
}

/** The authority of a domain from the two files that {@link createAuthority} fills. @throws EngineError `INVALID_ARGUMENT` */
export async function openAuthority(certificatePem: string, privateKeyPem: string): Promise<Authority> {
  try {
    const pkcs8 = PemConverter.decodeFirst(privateKeyPem);
    const signingKey = await globalThis.crypto.subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']);
    const certificate = new X509Certificate(certificatePem);
    return { certificatePem, privateKeyPem, certificate, signingKey };
  } catch {
    throw new EngineError('INVALID_ARGUMENT', "expected the certificate and the key of a domain's authority");
  }
}

/** A certificate a node shows to sensors and operators: a TLS server for `hosts` and nothing else. */
export function issueServerCertificate(
  authority: Authority,
  nodeId: string,
  hosts: readonly string[],
  source: CertificateSource,
): Promise<CertifiedKey> {
  return issue(authority, nodeId, source, [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(hosts.map(hostName)),
  ]);
}

/**
 * A certificate for the peer port, where nodes are servers and clients of each other. `identityUri` says which
 * node of which domain it speaks for; the public certificate has none, so it never passes for a peer.
 */
export function issuePeerCertificate(
  authority: Authority,
  nodeId: string,
  identityUri: string,
  hosts: readonly string[],
  source: CertificateSource,
): Promise<CertifiedKey> {
  return issue(authority, nodeId, source, [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
    new SubjectAlternativeNameExtension([{ type: 'url', value: identityUri }, ...hosts.map(hostName)]),
  ]);
}

async function issue(
  authority: Authority,
  commonName: string,
  source: CertificateSource,
  extensions: readonly Extension[],
): Promise<CertifiedKey> {
  const keys = await generateKeys();
  const certificate = await X509CertificateGenerator.create({
    ...validity(source, LEAF_VALID_MS),
    subject: [{ CN: [commonName] }],
    issuer: authority.certificate.subject,
    publicKey: keys.publicKey,
    signingKey: authority.signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
      ...extensions,
    ],
  });
  return pemOf(certificate, keys.privateKey);
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return globalThis.crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function validity({ randomBytes, nowMs }: CertificateSource, validMs: number) {
  const serial = randomBytes(SERIAL_BYTES);
  // DER integers are signed and drop leading zeros: 0x4- keeps the number positive and its length fixed.
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  return {
    serialNumber: toHex(serial),
    notBefore: new Date(nowMs - CLOCK_SKEW_MS),
    notAfter: new Date(nowMs + validMs),
  };
}

function hostName(host: string): { type: 'ip' | 'dns'; value: string } {
  return { type: isIP(host) === 0 ? 'dns' : 'ip', value: host };
}

async function pemOf(certificate: X509Certificate, key: webcrypto.CryptoKey): Promise<CertifiedKey> {
  const pkcs8 = await globalThis.crypto.subtle.exportKey('pkcs8', key);
  return {
    certificatePem: `${certificate.toString('pem').trim()}\n`,
    privateKeyPem: `${PemConverter.encode(pkcs8, 'PRIVATE KEY').trim()}\n`,
  };
}
