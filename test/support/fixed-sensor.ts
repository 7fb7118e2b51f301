import { createHash } from 'node:crypto';
import { identityOf, type SensorIdentity } from '../../sensor-client/identity.ts';
import { createPacketMaker, type PacketMaker } from '../../sensor-client/packet-maker.ts';
import { deriveKeyPair } from '../../src/platform/hpke.ts';
import { cryptoRandomBytes, nodeSealing } from '../../src/platform/index.ts';
import type { SensorId } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import type { RingDocument } from '../../src/ring/index.ts';
import { placementOf } from './placement-of.ts';

/** Sensors of this test run by the very object of their id, so that whoever has an entry can speak for its sensor. */
const known = new WeakMap<SensorId, SensorIdentity>();

function remembered(sensor: SensorIdentity): SensorIdentity {
  known.set(sensor.sensorId, sensor);
  return sensor;
}

export function freshSensor(): SensorIdentity {
  return remembered(identityOf(deriveKeyPair(cryptoRandomBytes(32))));
}

/** The same sensor for a name on every machine and run. */
export function fixedSensor(name: string): SensorIdentity {
  return remembered(
    identityOf(deriveKeyPair(createHash('sha256').update(`m-cloud test sensor ${name}`).digest())),
  );
}

export function sensorOf({ sensorId }: { readonly sensorId: SensorId }): SensorIdentity {
  const sensor = known.get(sensorId);
  if (sensor === undefined) throw new Error('expected the entry of a sensor that this test made');
  return sensor;
}

/** The packets of the SDK, for the domains of a ring. */
export function packetsFor(
  ring: RingDocument,
  stream: StreamDocument,
  randomBytes = cryptoRandomBytes,
): PacketMaker {
  const placement = placementOf(ring);
  return createPacketMaker({
    sealing: nodeSealing,
    randomBytes,
    stream: () => stream,
    domainOf: (node) => {
      const { domain } = placement.node(node);
      const { sealingKey = '' } = ring.domains.find((section) => section.domain === domain) ?? {};
      return { domain, sealingKey };
    },
  });
}
