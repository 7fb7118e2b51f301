import { encodeElements, fieldElement } from '../../../src/arithmetic/index.ts';
import { concat, toHex } from '../../../src/foundation/index.ts';
import { nodeSealing } from '../../../src/platform/index.ts';
import type { FlagEntry, ShareForm } from '../../../src/protocol/index.ts';
import { createSeedRoom, entryKeys, readingId, readShares, sensorId } from '../../../src/protocol/index.ts';
import type { StreamDomain } from '../../../src/protocol/stream-document.ts';
import { domainId } from '../../../src/ring/index.ts';
import { shareContent } from '../../support/share-content.ts';
import { context, named } from './message-samples.ts';

const DOMAINS: readonly StreamDomain[] = ['a', 'b', 'c'].map((name) => ({ id: domainId(name), key: '' }));
const ELEMENTS: ShareForm['elements'] = [
  { kind: 'count' },
  { kind: 'moment', factors: [{ field: 'x', power: 1 }] },
];

/** What packets hold in streams of batches and of seeds, and the shares that a node keeps of it. */
export function shareContentVectors(): Record<string, unknown> {
  const scope = { stream: context.stream, window: context.window, group: 2 };
  const sensor = sensorId(named('sensor', 16));
  const entries: FlagEntry[] = [3, 1].map((count, i) => {
    return { readingId: readingId(named(`batch ${i}`, 16)), sensorId: sensor, count };
  });
  const vectorsOf = (count: number, i: number) =>
    encodeElements(Array.from({ length: 2 * count }, (_, at) => fieldElement(BigInt(1_000 * i - 7 * at))));
  const forms = (['single', 'batch'] as const).flatMap((countMode) =>
    [false, true].map((seeds): ShareForm => ({ countMode, seeds, elements: ELEMENTS, domains: DOMAINS })),
  );
  return {
    'share-content.json': {
      about:
        'What is sealed in a packet, per form of stream and place of the domain, and the shares that come of it. Bytes are hex; PROTOCOL.md, "Packets of sensors", says how they are made.',
      ...scope,
      sensorId: toHex(sensor),
      domains: DOMAINS.length,
      elements: ELEMENTS.length,
      cases: forms.flatMap((form) =>
        [0, DOMAINS.length - 1].map((index) => {
          const own = form.countMode === 'batch' ? entries : entries.map((entry) => ({ ...entry, count: 1 }));
          const seeded = form.seeds && index < DOMAINS.length - 1;
          const contents = own.map(({ count }, i) =>
            shareContent(form, index, count, seeded ? named(`seed ${i}`, 32) : vectorsOf(count, i)),
          );
          const content = concat(...contents);
          const packet = { scope, stream: form, index, keys: entryKeys(own), content };
          const shares = readShares(packet, nodeSealing.expand, createSeedRoom());
          const shareBytes = shares.length / own.length;
          return {
            countMode: form.countMode,
            seeds: form.seeds,
            index,
            readings: own.map(({ readingId: id, count }) => ({ readingId: toHex(id), count })),
            content: toHex(content),
            shares: own.map((_, i) => toHex(shares.slice(shareBytes * i, shareBytes * (i + 1)))),
          };
        }),
      ),
    },
  };
}
