import type { ClusterMaterial } from '../../operator-cli/cluster/index.ts';
import { createLinkTransport } from '../../src/platform/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import type { NodeId } from '../../src/ring/index.ts';
import type { RealNodes } from './real-nodes.ts';

/** The connection of a node to peer ports, with its own certificate or the one given. */
export function peerConnection(
  nodes: RealNodes,
  { ring }: ClusterMaterial,
  from: NodeId,
  certificate?: { readonly cert: string; readonly key: string },
): Transport {
  return createLinkTransport({
    targets: (nodeId) => {
      const section = ring.domains.find((domain) => domain.nodes.some(({ id }) => id === nodeId));
      const node = section?.nodes.find(({ id }) => id === nodeId);
      if (section === undefined || node === undefined) throw new Error(`expected a node, got ${nodeId}`);
      return { origin: node.peerUrl, trust: section.certificateAuthority, pool: section.domain };
    },
    clientCertificate: certificate ?? nodes.optionsOf(from).peerTls,
  });
}
