import type { Operator } from '../../operator-cli/operator/index.ts';
import { createSensor, type Sensor } from '../../sensor-client/index.ts';
import { nodePorts } from '../../sensor-client/node-ports.ts';
import { signerFromPem } from '../../src/platform/index.ts';
import { createUndiciTransport } from '../../src/platform/undici-transport.ts';
import type { StreamPayload } from '../../src/protocol/stream-document.ts';
import { signStream } from '../../src/protocol/stream-document.ts';
import type { SensorBundle } from '../../src/ring/index.ts';
import type { ByteCounter } from './byte-counter.ts';
import { openByteCounter } from './byte-counter.ts';
import type { StreamWindows } from './stream-windows.ts';
import { createStreamWindows } from './stream-windows.ts';

export interface BatchSceneOptions {
  readonly bundle: SensorBundle;
  readonly operator: Operator;
  readonly operatorKeyPem: string;
  readonly payload: StreamPayload;
}

/** A stream of batches in a running cluster, and gateways for it. */
export interface BatchScene extends StreamWindows {
  readonly gateway: Sensor;
  /** The same with every byte to and from the nodes counted. */
  readonly counted: Sensor;
  /** Bytes of `counted` so far, TLS included. */
  bytes(): number;
  close(): Promise<void>;
}

export async function openBatchScene(options: BatchSceneOptions): Promise<BatchScene> {
  const { bundle, operator, operatorKeyPem, payload } = options;
  const { stream } = await operator.putStream(await signStream(payload, signerFromPem(operatorKeyPem)));
  const policy = { allowDevelopment: true, allowBatches: true, allowSeeds: true };
  const ports = nodePorts();
  const counters = new Map<string, ByteCounter>();
  const opening = new Map<string, Promise<void>>();

  /** Opens a counter for a node's origin before the first request to it; one, however many requests come at once. */
  function openCounter(origin: string): Promise<void> {
    const known = opening.get(origin);
    if (known !== undefined) return known;
    const opened = openByteCounter(origin).then((counter) => void counters.set(origin, counter));
    opening.set(origin, opened);
    return opened;
  }

  const gateway = await createSensor({ bundle, stream: stream.hash, policy }, ports);
  const counted = await createSensor(
    { bundle, stream: stream.hash, policy },
    {
      ...ports,
      connect(targets) {
        const transport = createUndiciTransport({
          targets: (nodeId) => {
            const target = targets(nodeId);
            return { ...target, origin: counters.get(target.origin)?.origin ?? target.origin };
          },
        });
        return {
          async send(nodeId, request, how) {
            await openCounter(targets(nodeId).origin);
            return transport.send(nodeId, request, how);
          },
          close: () => transport.close(),
        };
      },
    },
  );
  return {
    ...createStreamWindows(operator, stream, ports.clock),
    gateway,
    counted,
    bytes: () => [...counters.values()].reduce((sum, counter) => sum + counter.bytes(), 0),
    async close() {
      await Promise.all([gateway.close(), counted.close()]);
      await Promise.all([...counters.values()].map((counter) => counter.close()));
    },
  };
}
