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
    breaks: 'anybody may create and set the flags of a sensor whose id is known',
    file: OPENING,
    find: 'if (equalTags(packet.tag, flagTag(flags, saying, scope, packet, receipts))) return;',
    replace:
      'if (equalTags(packet.tag, flagTag(flags, saying, scope, packet, receipts)) || receipts) return;',
    detector: byTest('node/services/flag-packets', 'with one bit of the tag changed'),
  },
  {
    name: 'packets/true-without-receipts',
    breaks: 'a sensor sets flags whose shares no domain keeps',
    file: OPENING,
    find: 'receipts.complete(flag, said[place] ?? [], domains);',
    replace: 'receipts.complete(flag, said[place] ?? [], (said[place] ?? []).length);',
    detector: byTest('node/services/flag-packets', 'without receipts'),
  },
  {
    name: 'packets/index-not-bound',
    breaks: 'a share that was sealed for one index opens as that of another',
    file: FORMAT,
    find: 'const place = [windowKey(scope), bigEndian(index, 1), packet.sensorId];',
    replace: 'const place = [windowKey(scope), bigEndian(index === -1 ? 1 : 0, 1), packet.sensorId];',
    detector: byTest('node/services/packets', 'of another share index'),
  },
  {
    name: 'packets/receipt-of-any-domain',
    breaks: 'one domain keeps a share, and its receipt stands for those of all',
    file: 'src/protocol/receipts.ts',
    find: "labelledMac(key, 'receipt', window, bigEndian(index, 1), entryKey(entry))",
    replace: "labelledMac(key, 'receipt', window, bigEndian(index >> 8, 1), entryKey(entry))",
    detector: byTest('src/protocol/receipts', 'differ by key, stream'),
  },
];
