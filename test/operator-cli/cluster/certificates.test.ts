import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { connect, createServer } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Authority, CertifiedKey } from '../../../operator-cli/cluster/certificates.ts';
import {
  createAuthority,
  issuePeerCertificate,
  issueServerCertificate,
} from '../../../operator-cli/cluster/certificates.ts';
import { cryptoRandomBytes } from '../../../src/platform/crypto-random.ts';
import { nodeIdentityOf, nodeIdentityUri } from '../../../src/platform/node-identity.ts';
import { domainId, nodeId } from '../../../src/ring/index.ts';

const source = { randomBytes: cryptoRandomBytes, nowMs: Date.now() };
const hosts = ['127.0.0.1', 'a1.example', '::1'];
const identity = { domain: domainId('a'), node: nodeId('a1') };
let authorityA: Authority;
let authorityB: Authority;
let server: CertifiedKey;
let peer: CertifiedKey;
let peerB: CertifiedKey;

beforeAll(async () => {
  authorityA = await createAuthority('a', source);
  authorityB = await createAuthority('b', source);
  server = await issueServerCertificate(authorityA, 'a1', hosts, source);
  peer = await issuePeerCertificate(authorityA, 'a1', nodeIdentityUri(identity), hosts, source);
  peerB = await issuePeerCertificate(authorityB, 'b1', 'mcloud://b/b1', hosts, source);
});

describe('the authority of a domain', () => {
  it('is a certificate authority for leaves only, signed by itself', () => {
    const certificate = new X509Certificate(authorityA.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(certificate.checkPrivateKey(createPrivateKey(authorityA.privateKeyPem))).toBe(true);
  });

  it('issues what only it can vouch for', () => {
    const certificate = new X509Certificate(server.certificatePem);
    expect(certificate.verify(new X509Certificate(authorityA.certificatePem).publicKey)).toBe(true);
    expect(certificate.verify(new X509Certificate(authorityB.certificatePem).publicKey)).toBe(false);
    expect(certificate.checkIssued(new X509Certificate(authorityA.certificatePem))).toBe(true);
  });
});

describe('the certificates of a node', () => {
  it('hold for each host it is dialled by and for no other', () => {
    for (const { certificatePem } of [server, peer]) {
      const certificate = new X509Certificate(certificatePem);
      expect(certificate.ca).toBe(false);
      expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
      expect(certificate.checkIP('::1')).toBe('::1');
      expect(certificate.checkHost('a1.example')).toBe('a1.example');
      expect(certificate.checkHost('a2.example')).toBeUndefined();
      expect(certificate.checkIP('127.0.0.2')).toBeUndefined();
    }
  });

  it('have keys of their own, and serial numbers of one length', () => {
    const certificates = [server, peer, peerB].map(
      ({ certificatePem }) => new X509Certificate(certificatePem),
    );
    for (const { serialNumber } of certificates) expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(new Set(certificates.map(({ serialNumber }) => serialNumber)).size).toBe(3);
    expect(
      new X509Certificate(peer.certificatePem).checkPrivateKey(createPrivateKey(peer.privateKeyPem)),
    ).toBe(true);
    expect(
      new X509Certificate(peer.certificatePem).checkPrivateKey(createPrivateKey(server.privateKeyPem)),
    ).toBe(false);
  });

  it('name the node only in the one for peers', () => {
    expect(nodeIdentityOf(new X509Certificate(peer.certificatePem).subjectAltName)).toEqual(identity);
    expect(nodeIdentityOf(new X509Certificate(server.certificatePem).subjectAltName)).toBeUndefined();
  });

  it('may be used as server, and as client only by a peer', () => {
    expect(new X509Certificate(server.certificatePem).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(new X509Certificate(peer.certificatePem).keyUsage).toEqual([
      '1.3.6.1.5.5.7.3.1',
      '1.3.6.1.5.5.7.3.2',
    ]);
  });

  it('begin an hour early and end within a year', () => {
    const certificate = new X509Certificate(server.certificatePem);
    const from = Date.parse(certificate.validFrom);
    expect(source.nowMs - from).toBeGreaterThanOrEqual(3_600_000);
    expect(source.nowMs - from).toBeLessThan(3_602_000);
    expect(Date.parse(certificate.validTo) - source.nowMs).toBeLessThanOrEqual(365 * 86_400_000);
  });
});

/** One TLS 1.3 handshake over loopback; resolves with the peer's identity as the server saw it. */
async function handshake(serverSide: CertifiedKey, serverTrusts: string, client?: CertifiedKey, ca?: string) {
  const listening = createServer({
    key: serverSide.privateKeyPem,
    cert: serverSide.certificatePem,
    ca: serverTrusts,
    requestCert: client !== undefined,
    rejectUnauthorized: client !== undefined,
    minVersion: 'TLSv1.3',
  });
  try {
    await once(listening.listen(0, '127.0.0.1'), 'listening');
    const { port } = listening.address() as AddressInfo;
    const accepted = Promise.race([
      once(listening, 'secureConnection').then(([socket]: TLSSocket[]) => {
        const certificate = socket?.getPeerX509Certificate();
        socket?.end('x');
        return nodeIdentityOf(certificate?.subjectAltName);
      }),
      once(listening, 'tlsClientError').then(([error]: Error[]) => Promise.reject(error)),
    ]);
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: ca ?? authorityA.certificatePem,
      ...(client === undefined ? {} : { key: client.privateKeyPem, cert: client.certificatePem }),
    });
    const answered = new Promise<void>((resolve, reject) => {
      socket.once('error', reject).once('data', () => resolve());
      // A server that refuses may hang up before the client has anything to call an error.
      socket.once('close', () => reject(new Error('closed without an answer')));
    });
    const [seen, answer] = await Promise.allSettled([accepted, answered]);
    socket.destroy();
    if (seen.status === 'rejected') throw seen.reason;
    if (answer.status === 'rejected') throw answer.reason;
    return seen.value;
  } finally {
    listening.close();
  }
}

describe('a TLS handshake', () => {
  it('succeeds for a sensor that trusts the node’s domain', async () => {
    await expect(handshake(server, authorityA.certificatePem)).resolves.toBeUndefined();
  });

  it('fails for a sensor that trusts another domain', async () => {
    await expect(
      handshake(server, authorityA.certificatePem, undefined, authorityB.certificatePem),
    ).rejects.toThrow();
  });

  it('names the node behind a peer certificate', async () => {
    await expect(handshake(peer, authorityA.certificatePem, peer)).resolves.toEqual(identity);
  });

  it('refuses a peer of a domain the server does not trust', async () => {
    await expect(handshake(peer, authorityA.certificatePem, peerB)).rejects.toThrow();
  });

  it('refuses a node’s public certificate as a peer', async () => {
    await expect(handshake(peer, authorityA.certificatePem, server)).rejects.toThrow();
  });
});
