import { toHex, utf8 } from '../../../src/foundation/index.ts';
import { deriveKeyPair } from '../../../src/platform/hpke.ts';
import { nodeSealing } from '../../../src/platform/node-sealing.ts';
import {
  createReceipts,
  packetKeys,
  packetName,
  readingId,
  sensorIdOf,
  setTag,
  shareBinding,
} from '../../../src/protocol/index.ts';
import { context, named } from './message-samples.ts';

/** Packets of one sensor to one domain: every key, and what is made with it. */
export async function packetVectors(): Promise<Record<string, unknown>> {
  const { stream, window } = context;
  const sensor = deriveKeyPair(named('sensor seed', 32));
  const domain = deriveKeyPair(named('domain seed', 32));
  const seed = named('ephemeral seed', 32);
  const sent = await nodeSealing.toDomain(sensor, domain.publicKey, seed);
  if (sent === null) throw new Error('expected points of the curve');
  const { encapsulated } = sent;
  const keys = await packetKeys((purpose) => sent.exportKey(purpose), stream);
  const sensorId = sensorIdOf(sensor.publicKey);
  const readings = ['a', 'b'].map((name) => ({
    readingId: readingId(named(`reading ${name}`, 16)),
    count: 1,
  }));
  const packet = { sensorId, publicKey: sensor.publicKey, readings };
  const K = named('K', 32);
  const scopes = [0, 2].map((group) => ({ stream, window, group }));
  return {
    'packets.json': {
      about:
        'What a sensor says to a domain: keys, names, bindings, sealed shares, tags and receipts. Bytes are hex; PROTOCOL.md, "Packets of sensors", says how they are made.',
      sensor: {
        privateKey: toHex(sensor.privateKey),
        publicKey: toHex(sensor.publicKey),
        id: toHex(sensorId),
      },
      domain: { privateKey: toHex(domain.privateKey), publicKey: toHex(domain.publicKey) },
      seed: toHex(seed),
      encapsulated: toHex(encapsulated),
      stream,
      window,
      shareKey: toHex(keys.shares),
      flagKey: toHex(keys.flags),
      readings: readings.map((reading) => ({ ...reading, readingId: toHex(reading.readingId) })),
      K: toHex(K),
      cases: await Promise.all(
        scopes.map(async (scope, index) => {
          const name = packetName(scope, packet);
          const { nonce, bound } = shareBinding(name, index);
          const shares = utf8('shares of both readings, as long as they are');
          const receipts = createReceipts(K);
          return {
            group: scope.group,
            index,
            name: toHex(name),
            nonce: toHex(nonce),
            bound: toHex(bound),
            shares: toHex(shares),
            sealed: toHex(await nodeSealing.seal(keys.shares, nonce, bound, shares)),
            receipts: [0, 1, 2].map((place) => toHex(receipts.of(name, place))),
            setTag: toHex(setTag(keys.flags, name)),
          };
        }),
      ),
    },
  };
}
