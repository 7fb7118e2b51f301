import { EngineError } from '../../src/foundation/index.ts';

/** Where one node of a development cluster is found. */
export interface NodeAddress {
  /** DNS name or IP address that others dial; in the ring document and in the certificates. */
  readonly host: string;
  /** Address the node listens on, such as 0.0.0.0 in a container. */
  readonly listenHost: string;
  /** Port for sensors and operators. */
  readonly publicPort: number;
  /** Port for other nodes. */
  readonly peerPort: number;
}

/** Gives the node its address. `index` counts the nodes of the whole ring from 0, domain by domain. */
export type AddressPlan = (nodeId: string, index: number) => NodeAddress;

/** Two ports per node, counted up from `firstPort`, all on one host. */
export function consecutivePorts(host: string, firstPort: number): AddressPlan {
  return (_, index) => ({
    host,
    listenHost: host,
    publicPort: firstPort + 2 * index,
    peerPort: firstPort + 2 * index + 1,
  });
}

/**
 * Ports that are known to be free: public and peer port of the first node, then of the second, and so on.
 * @throws EngineError `INVALID_ARGUMENT` from the plan when there are not enough
 */
export function givenPorts(host: string, ports: readonly number[]): AddressPlan {
  return (nodeId, index) => {
    const publicPort = ports[2 * index];
    const peerPort = ports[2 * index + 1];
    if (publicPort === undefined || peerPort === undefined) {
      throw new EngineError(
        'INVALID_ARGUMENT',
        `expected two ports per node, got ${ports.length} ports and none for node ${nodeId}`,
      );
    }
    return { host, listenHost: host, publicPort, peerPort };
  };
}

/**
 * Every node on a computer of its own that is called like the node, as in a compose file. Ports still count up,
 * so that all of them can be published on one computer under the numbers that the ring document names.
 */
export function hostPerNode(firstPort: number): AddressPlan {
  return (nodeId, index) => ({
    ...consecutivePorts(nodeId, firstPort)(nodeId, index),
    listenHost: '0.0.0.0',
  });
}

/** The https origin of a host and port as the ring document spells it. */
export function originOf(host: string, port: number): string {
  const authority = host.includes(':') ? `[${host}]` : host;
  const text = `https://${authority}:${port}`;
  if (!URL.canParse(text)) {
    throw new EngineError('INVALID_ARGUMENT', `expected a host and a port, got ${JSON.stringify(text)}`);
  }
  return new URL(text).origin;
}
