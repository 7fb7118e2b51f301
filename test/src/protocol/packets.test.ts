import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/foundation/index.ts';
import type { Packet, WindowScope } from '../../../src/protocol/index.ts';
import {
  entriesOf,
  entryKey,
  entryKeys,
  entryKeysOf,
  packetKeys,
  packetName,
  readingId,
  sensorId,
  shareBinding,
} from '../../../src/protocol/index.ts';
import { streamHash, windowId } from '../../../src/ring/identifiers.ts';
import { anyReadingId, anySensorId, anyU32 } from '../../support/any-message.ts';
import { fc, test } from '../../support/property.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const scope: WindowScope = { stream: streamHash('ab'.repeat(32)), window: windowId(7), group: 0 };
const packet: Packet = {
  sensorId: sensorId(bytes(16, 1)),
  publicKey: null,
  readings: [
    { readingId: readingId(bytes(16, 3)), count: 1 },
    { readingId: readingId(bytes(16, 4)), count: 1 },
  ],
};

describe('a packet', () => {
  it('is about the flags of its sensor', () => {
    expect(entriesOf(packet).map((entry) => toHex(entryKey(entry)))).toEqual([
      `${'03'.repeat(16)}${'01'.repeat(16)}00000001`,
      `${'04'.repeat(16)}${'01'.repeat(16)}00000001`,
    ]);
  });

  test.prop([anySensorId, fc.array(fc.record({ readingId: anyReadingId, count: anyU32 }), { maxLength: 5 })])(
    'has the keys of its flags without making them',
    (sensor, readings) => {
      const any = { ...packet, sensorId: sensor, readings };
      expect(entryKeysOf(any)).toEqual(entryKeys(entriesOf(any)));
    },
  );

  it('has a name of its own for every stream, window, group, sensor and list of readings and counts', () => {
    const first = { readingId: readingId(bytes(16, 3)), count: 1 };
    const second = { readingId: readingId(bytes(16, 4)), count: 1 };
    const names = [
      packetName(scope, packet),
      packetName({ ...scope, stream: streamHash('ac'.repeat(32)) }, packet),
      packetName({ ...scope, window: windowId(8) }, packet),
      packetName({ ...scope, group: 1 }, packet),
      packetName(scope, { ...packet, sensorId: sensorId(bytes(16, 9)) }),
      ...[[], [first], [second, first], [first, { ...second, count: 2 }]].map((readings) =>
        packetName(scope, { ...packet, readings }),
      ),
    ];
    expect(new Set(names.map(toHex)).size).toBe(9);
    expect(packetName(scope, { ...packet, publicKey: bytes(65, 8) })).toEqual(names[0]);
  });

  it('binds its shares to its name and the index of their domain', () => {
    const name = packetName(scope, packet);
    const bindings = [
      shareBinding(name, 0),
      shareBinding(name, 1),
      shareBinding(packetName({ ...scope, group: 1 }, packet), 0),
    ];
    for (const part of ['nonce', 'bound'] as const) {
      expect(new Set(bindings.map((binding) => toHex(binding[part]))).size).toBe(3);
    }
    expect(bindings[0]?.nonce).toHaveLength(12);
    expect(shareBinding(name, 0)).toEqual(bindings[0]);
  });
});

it('keys differ by purpose and stream', async () => {
  const purposes: string[] = [];
  const exportKey = async (purpose: Uint8Array) => {
    purposes.push(toHex(purpose));
    return purpose;
  };
  await packetKeys(exportKey, scope.stream);
  await packetKeys(exportKey, streamHash('ac'.repeat(32)));
  expect(new Set(purposes).size).toBe(4);
});
