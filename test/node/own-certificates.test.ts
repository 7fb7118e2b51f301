import { describe, expect, it } from 'vitest';
import type { TlsIdentity } from '../../node/http/index.ts';
import { checkOwnCertificates } from '../../node/own-certificates.ts';
import {
  createAuthority,
  issuePeerCertificate,
  issueServerCertificate,
} from '../../operator-cli/cluster/certificates.ts';
import { cryptoRandomBytes, nodeIdentityUri } from '../../src/platform/index.ts';
import { domainId, nodeId } from '../../src/ring/index.ts';
import { recordingLog } from '../support/recording-log.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2026, 0, 1);
const source = { randomBytes: cryptoRandomBytes, nowMs: NOW_MS };
const HOSTS = ['127.0.0.1'];
const self = { domain: domainId('alpha'), nodeId: nodeId('a-1') };
const alpha = await createAuthority('alpha', source);
const beta = await createAuthority('beta', source);

type Authority = typeof alpha;
const filesOf = (made: { certificatePem: string; privateKeyPem: string }): TlsIdentity => ({
  cert: made.certificatePem,
  key: made.privateKeyPem,
});
const serverOf = async (authority: Authority) =>
  filesOf(await issueServerCertificate(authority, 'a-1', HOSTS, source));
const peerOf = async (authority: Authority, domain: string, node: string) => {
  const uri = nodeIdentityUri({ domain: domainId(domain), node: nodeId(node) });
  return filesOf(await issuePeerCertificate(authority, node, uri, HOSTS, source));
};

/** What a node would log about its certificates. */
async function told(change: Partial<Parameters<typeof checkOwnCertificates>[0]> = {}): Promise<string[]> {
  const log = recordingLog();
  const usual = {
    ...self,
    tls: await serverOf(alpha),
    peerTls: await peerOf(alpha, 'alpha', 'a-1'),
    authority: alpha.certificatePem,
    host: '127.0.0.1',
    nowMs: NOW_MS,
  };
  checkOwnCertificates({ ...usual, ...change }, log);
  return log.lines;
}

describe('the certificates of a node that starts', () => {
  it('are taken without a word when its domain issued them for it', async () => {
    expect(await told()).toEqual([]);
  });

  it('are refused when the peer certificate speaks for another node, another domain or nobody', async () => {
    await expect(told({ peerTls: await peerOf(alpha, 'alpha', 'a-2') })).rejects.toThrow(
      'expected a peer certificate of mcloud://alpha/a-1, got mcloud://alpha/a-2',
    );
    await expect(told({ peerTls: await peerOf(beta, 'beta', 'a-1') })).rejects.toThrow(
      'got mcloud://beta/a-1',
    );
  });

  it('are refused by their file when they were put in each other’s place', async () => {
    const peer = { ...(await peerOf(alpha, 'alpha', 'a-1')), file: '/a-1/peer.pem' };
    const server = { ...(await serverOf(alpha)), file: '/a-1/tls.pem' };
    await expect(told({ peerTls: server })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        'expected a peer certificate of mcloud://alpha/a-1 in /a-1/tls.pem, got one that names no node',
    });
    await expect(told({ tls: peer })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message:
        'expected a certificate for the public port in /a-1/peer.pem, got the peer certificate of mcloud://alpha/a-1',
    });
  });

  it('are refused when they are none', async () => {
    await expect(told({ tls: { cert: 'no PEM', key: '' } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(told({ peerTls: { cert: '', key: '' } })).rejects.toThrow('for the peer port');
  });

  it('are told when another authority issued them, which a newer document may set right', async () => {
    expect(await told({ tls: await serverOf(beta) })).toEqual([
      expect.stringMatching(/"error".*nobody will trust it.*"port":"public"/),
    ]);
    expect(await told({ authority: beta.certificatePem })).toHaveLength(2);
    expect(await told({ authority: undefined })).toEqual([]);
  });

  it('are told when the public one is for another host than the ring document has', async () => {
    expect(await told({ host: 'a-1.example' })).toEqual([
      expect.stringMatching(/"error".*not for the node's host.*"host":"a-1.example"/),
    ]);
    expect(await told({ host: undefined })).toEqual([]);
  });

  it('are told a month before they end, and louder when they have', async () => {
    const inDays = async (days: number) => (await told({ nowMs: NOW_MS + days * DAY_MS })).join();
    expect(await inDays(334)).toBe('');
    expect(await inDays(336)).toMatch(/"warn".*the certificate ends.*"ends":"2027-01-01T00:00:00.000Z"/);
    expect(await inDays(366)).toMatch(/"error".*the certificate ends/);
  });
});
