import { createAuthority, issuePeerCertificate } from '../../operator-cli/cluster/certificates.ts';
import { cryptoRandomBytes, nodeIdentityUri, systemClock } from '../../src/platform/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { NodeId } from '../../src/ring/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { expectCode, TIMEOUT } from './bad-input.ts';
import type { ClusterClient } from './cluster-client.ts';
import { peerConnection } from './peer-connection.ts';
import type { RealNodes } from './real-nodes.ts';

/** Asks `to` in the name of `from` under certificates that another domain, and nobody of the ring, has issued. */
export async function expectForeignCertificatesRefused(
  nodes: RealNodes,
  material: ClusterClient['material'],
  from: NodeId,
  to: NodeId,
): Promise<void> {
  const { domain } = nodes.optionsOf(from);
  const identity = nodeIdentityUri({ domain, node: from });
  const source = { randomBytes: cryptoRandomBytes, nowMs: systemClock().now() };
  const other = material.domains.find((one) => one.domain !== domain)?.authority;
  if (other === undefined) throw new Error('expected a second domain');
  for (const [authority, code] of [
    [other, 'FORBIDDEN'],
    [await createAuthority('nobody', source), 'UNREACHABLE'],
  ] as const) {
    const forged = await issuePeerCertificate(authority, from, identity, ['127.0.0.1'], source);
    const { certificatePem: cert, privateKeyPem: key } = forged;
    const peer = peerConnection(nodes, material, from, { cert, key });
    const asked = callOperation(peer, to, operations.READ_RING, null, TIMEOUT);
    await expectCode(asked, code).finally(() => peer.close());
  }
}
