import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  type SubjectAlternativeNameExtension as San,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority that lives for one test. */
export interface TestAuthority {
  /** PEM of its certificate. */
  readonly pem: string;
  /** A certificate for 127.0.0.1 and localhost, and for every URI given. */
  issue(uris?: readonly string[], dnsNames?: readonly string[]): Promise<IssuedCertificate>;
}

/** @param name its distinguished name; two authorities may share one and are still told apart by their keys. */
export async function createAuthority(name: string): Promise<TestAuthority> {
  const keys = await newKeys();
  const distinguishedName = `CN=${name}`;
  const root = await X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: distinguishedName,
    keys,
    signingAlgorithm: ALGORITHM,
    ...validity(),
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  });
  let serial = 1;
  return {
    pem: root.toString('pem'),
    async issue(uris = [], dnsNames = ['localhost']) {
      const leafKeys = await newKeys();
      const certificate = await X509CertificateGenerator.create({
        serialNumber: (++serial).toString(16).padStart(2, '0'),
        subject: 'CN=leaf',
        issuer: distinguishedName,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: ALGORITHM,
        ...validity(),
        extensions: [new BasicConstraintsExtension(false, undefined, true), names(uris, dnsNames)],
      });
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', leafKeys.privateKey);
      return { cert: certificate.toString('pem'), key: pem('PRIVATE KEY', new Uint8Array(pkcs8)) };
    },
  };
}

function names(uris: readonly string[], dnsNames: readonly string[]): San {
  return new SubjectAlternativeNameExtension([
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    { type: 'ip' as const, value: '127.0.0.1' },
    ...uris.map((value) => ({ type: 'url' as const, value })),
  ]);
}

function newKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function validity() {
  const now = Date.now();
  return { notBefore: new Date(now - DAY_MS), notAfter: new Date(now + DAY_MS) };
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
