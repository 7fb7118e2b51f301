import type { Mutant } from '../mutant.ts';
import { byTest } from '../mutant.ts';

const OPENING = 'node/services/packets.ts';
const FORMAT = 'src/protocol/packets.ts';

/** Who says it, to whom, about what; and that it is kept. */
export const PACKET_MUTANTS: readonly Mutant[] = [
  {
    name: 'packets/any-key-for-an-id',
    breaks: 'anybody may take the id of another sensor in a stream of open enrolment',
    file: 'node/services/packet-key-use.ts',
    find: 'if (publicKey !== null && equalBytes(sensorIdOf(publicKey), packet.sensorId)) return publicKey;',
    replace:
      'if (publicKey !== null && sensorIdOf(publicKey).length === packet.sensorId.length) return publicKey;',
    detector: byTest('node/services/packets', 'that a thief of the id made'),
  },
  {
    name: 'packets/tags-not-compared',
    breaks: 'anybody may set the flags of a sensor whose id is known',
    file: OPENING,
    find: 'if (equalTags(tag, setTag(flags, name))) return { name, flags };',
    replace: 'if (equalTags(tag, setTag(flags, name)) || tag.length > 0) return { name, flags };',
    detector: byTest('node/services/flag-packets', 'with one bit of the tag changed'),
  },
  {
    name: 'packets/true-without-receipts',
    breaks: 'a sensor sets flags whose shares no domain keeps',
    file: OPENING,
    find: 'receipts.complete(name, packet.receipts, stream.domains.length)',
    replace: 'receipts.complete(name, packet.receipts, packet.receipts.length)',
    detector: byTest('node/services/flag-packets', 'without receipts'),
  },
  {
    name: 'packets/index-not-bound',
    breaks: 'a share that was sealed for one index opens as that of another',
    file: FORMAT,
    find: "labelledHash('shares', name, bigEndian(index, 1))",
    replace: "labelledHash('shares', name, bigEndian(index >> 8, 1))",
    detector: byTest('node/services/packets', 'of another share index'),
  },
  {
    name: 'packets/receipt-of-any-domain',
    breaks: 'one domain keeps a share, and its receipt stands for those of all',
    file: 'src/protocol/receipts.ts',
    find: "labelledTag(key, 'receipt', name, bigEndian(index, 1))",
    replace: "labelledTag(key, 'receipt', name, bigEndian(index >> 8, 1))",
    detector: byTest('src/protocol/receipts', 'differ by key, packet and domain'),
  },
  {
    name: 'packets/receipt-of-any-reading',
    breaks: 'the receipts of some readings set the flags of others of the same sensor',
    file: FORMAT,
    find: "labelledHash('packet', windowKey(scope), sensor, readingBytes(readings))",
    replace: "labelledHash('packet', windowKey(scope), sensor, readingBytes(readings.slice(0, 1)))",
    detector: byTest('node/services/flag-packets', 'stands for all of its readings together'),
  },
  {
    name: 'packets/revoked-while-opened',
    breaks: 'a share of a sensor that was revoked while its packet was opened is stored all the same',
    file: OPENING,
    find: "return packet === undefined || !revoked(packet) ? one : 'SENSOR_REVOKED';",
    replace: 'return packet === undefined || revoked(packet) ? one : one;',
    detector: byTest(
      'node/services/roster',
      'stores no share of a sensor that is revoked while its packet is opened',
    ),
  },
  {
    name: 'packets/rate-without-limit',
    breaks: 'BOUNDED: one sensor uses up what all of them have',
    file: 'node/services/sensor-rate.ts',
    find: 'if (countOf(sensor) < SENSOR_PACKETS_PER_SECOND_MAX) return;',
    replace: 'if (countOf(sensor) < 2 * SENSOR_PACKETS_PER_SECOND_MAX) return;',
    detector: byTest('node/services/sensor-rate', 'are limited in each second, whatever others send'),
  },
  {
    name: 'packets/former-key-forgotten',
    breaks: 'a domain that changes its sealing key refuses every sensor that has not heard of it yet',
    file: 'node/services/packet-key-use.ts',
    find: 'for (const key of [sealingKey, ...formerSealingKeys]) {',
    replace: 'for (const key of [sealingKey, ...formerSealingKeys].slice(0, 1)) {',
    detector: byTest('node/services/packets', 'still opens what is sealed to the key before'),
  },
  {
    name: 'packets/relay-believed-without-the-domains',
    breaks: 'a node that relays says that shares are stored which it has dropped',
    file: 'sensor-client/packet-maker.ts',
    find: 'return kept && voted.length >= majority(acceptors.length);',
    replace: 'return (kept || answer.stored.length === 0) && voted.length >= majority(acceptors.length);',
    detector: byTest('sensor-client/relayed-packet', 'believes nothing but the words of all domains'),
  },
  {
    name: 'packets/one-vote-counts-twice',
    breaks: 'ONE-OUTCOME: a sensor takes one vote for two, and the flag for TRUE that nobody has decided',
    file: 'sensor-client/packet-maker.ts',
    find: 'return key !== undefined && first && equalTags',
    replace: 'return key !== undefined && equalTags',
    detector: byTest('sensor-client/relayed-packet', 'believes nothing but the words of all domains'),
  },
  {
    name: 'packets/relays-for-strangers',
    breaks: 'BOUNDED: anybody makes a node work for three',
    file: 'node/services/relay.ts',
    find: '      await packets.proveRelayed(record, request);\n',
    replace: '',
    detector: byTest('node/services/relay', 'asks nobody for who proves nothing'),
  },
  {
    name: 'packets/joined-answers-swapped',
    breaks: 'a sensor is told what became of the reading of another one',
    file: 'node/services/joined-requests.ts',
    find: 'return answers.slice(end - sizeOf(request), end);',
    replace: 'return answers.slice(0, sizeOf(request));',
    detector: byTest('node/services/joined-requests', 'and each has its own answer'),
  },
  {
    name: 'packets/joined-across-partitions',
    breaks: 'readings are stored and voted on under the partition of another one',
    file: 'node/services/joined-requests.ts',
    find: 'context.placementEpoch, partition, index]',
    replace: 'context.placementEpoch, index]',
    detector: byTest('node/services/joined-requests', 'meet within one partition alone'),
  },
];
