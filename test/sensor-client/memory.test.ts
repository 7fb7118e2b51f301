import { chmod, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lenientMemory, openMemory, type SensorMemory } from '../../sensor-client/memory.ts';
import { fileMemory } from '../../sensor-client/node-ports.ts';
import type { RingDocument, RingPayload, SectionPayload } from '../../src/ring/index.ts';
import { domainId, epoch, openRingDocument, signKeyRotation, signSection } from '../../src/ring/index.ts';
import {
  domainNames,
  fixedKey,
  ringPayload,
  sectionPayload,
  signFixedRing,
  signFixedSection,
  testVerifier,
} from '../support/development-ring.ts';
import { temporaryFolder } from '../support/folders.ts';
import { bundleOf } from '../support/sensor-scene.ts';

const [A, B, C] = [domainId('a'), domainId('b'), domainId('c')];

/** A memory in memory, with every text that was saved. */
function notebook(text: string | null = null): SensorMemory & { readonly saved: string[] } {
  const saved = text === null ? [] : [text];
  return {
    saved,
    load: async () => saved.at(-1) ?? null,
    save: async (fresh) => {
      saved.push(fresh);
    },
  };
}

async function ringOf(
  change: Partial<RingPayload>,
  sections: readonly (Partial<SectionPayload> & Pick<SectionPayload, 'domain'>)[],
): Promise<RingDocument> {
  const signed = await Promise.all(
    sections.map((own) => signFixedSection({ ...sectionPayload(own.domain, 1), ...own })),
  );
  return openRingDocument(await signFixedRing({ ...ringPayload(signed), ...change }), testVerifier);
}

const all = domainNames(3).map((domain) => ({ domain }));
const first = await ringOf({}, all);
const second = await ringOf({ epoch: epoch(2), previous: first.hash }, [
  { domain: A, version: 2 },
  { domain: B },
]);
const open = (ring: RingDocument, memory?: SensorMemory) => openMemory(bundleOf(ring), memory, testVerifier);

describe('what a sensor has seen of its ring', () => {
  it('is what it starts from, where its bundle is older', async () => {
    const memory = notebook();
    const seen = await open(first, memory);
    expect(seen.ring.epoch).toBe(1);
    await seen.note(second);
    const next = await open(first, memory);
    expect(next.ring.hash).toBe(second.hash);
    expect(memory.saved).toHaveLength(2);
    // Without a memory the bundle is all there is.
    expect((await open(first)).ring.epoch).toBe(1);
  });

  it('gives way to a newer bundle, and is kept where the bundle is the same', async () => {
    const memory = notebook();
    await open(first, memory);
    expect((await open(second, memory)).ring.epoch).toBe(2);
    expect((await open(second, memory)).ring.epoch).toBe(2);
    expect(memory.saved).toHaveLength(2);
  });

  it('refuses a section older than one seen, also of a domain that was gone in between', async () => {
    const memory = notebook();
    const newer = await ringOf({}, [{ domain: A }, { domain: B }, { domain: C, version: 7 }]);
    await open(newer, memory);
    const without = await ringOf({ epoch: epoch(2), previous: newer.hash }, [{ domain: A }, { domain: B }]);
    await (await open(newer, memory)).note(without);
    const back = (version: number, provider = 'Cloud c') =>
      ringOf({ epoch: epoch(3), previous: without.hash }, [
        { domain: A },
        { domain: B },
        { domain: C, version, provider },
      ]);
    const restarted = await open(newer, memory);
    expect(restarted.ring.epoch).toBe(2);
    const older = await back(6);
    expect(() => restarted.check(older)).toThrow(/section of domain c .* version 7.*got version 6/);
    const other = await back(7, 'Another Cloud');
    expect(() => restarted.check(other)).toThrow(/got another of that version/);
    for (const fine of [await back(7), await back(8)]) expect(() => restarted.check(fine)).not.toThrow();
    // A bundle made of the older section is no way around it.
    await expect(open(older, memory)).rejects.toMatchObject({ code: 'RING_REFUSED' });
  });

  it('finds a second document of one epoch, and a memory of another ring', async () => {
    const memory = notebook();
    await open(first, memory);
    const twin = await ringOf({}, [{ domain: A, version: 2 }, { domain: B }, { domain: C }]);
    await expect(open(twin, memory)).rejects.toMatchObject({ code: 'RING_CONFLICT' });
    const foreign = { ...bundleOf(first), operatorKey: fixedKey('another').publicKey };
    await expect(openMemory(foreign, memory, testVerifier)).rejects.toMatchObject({ code: 'RING_REFUSED' });
    for (const [text, code] of [
      ['no JSON', 'MALFORMED_TEXT'],
      ['{}', 'SCHEMA_MISMATCH'],
    ] as const) {
      await expect(open(first, notebook(text))).rejects.toMatchObject({ code });
    }
  });

  it('goes on from the key that a pinned one has signed, not from the bundle\u2019s', async () => {
    const rotation = {
      domain: A,
      oldKey: fixedKey('domain a').publicKey,
      newKey: fixedKey('rotated').publicKey,
    };
    const keyProof = await signKeyRotation(rotation, fixedKey('domain a').signer);
    const section = { ...sectionPayload(A, 1), version: 2, key: rotation.newKey, keyProof };
    const sections = [
      await signSection(section, fixedKey('rotated').signer),
      await signFixedSection(sectionPayload(B, 1)),
    ];
    const payload = { ...ringPayload(sections), epoch: epoch(2), previous: first.hash };
    const rotated = await openRingDocument(await signFixedRing(payload), testVerifier);
    const memory = notebook();
    await (await open(first, memory)).note(rotated);
    const { trust } = await open(first, memory);
    expect(trust.domainKeys).toMatchObject({ a: rotation.newKey, b: fixedKey('domain b').publicKey });
  });
});

describe('a memory in a file', () => {
  it('is empty at first, and replaced as a whole', async () => {
    const folder = await temporaryFolder();
    const memory = fileMemory(join(folder, 'sensor.json.seen'));
    expect(await memory.load()).toBeNull();
    for (const text of ['one', 'two']) {
      await memory.save(text);
      expect(await memory.load()).toBe(text);
    }
    expect(await readdir(folder)).toEqual(['sensor.json.seen']);
    expect((await stat(join(folder, 'sensor.json.seen'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'sensor.json.seen'), 'utf8')).toBe('two');
  });

  it('keeps the text that was saved last, also where several are saved at once', async () => {
    const path = join(await temporaryFolder(), 'sensor.json.seen');
    const memory = fileMemory(path);
    const texts = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(200_000 - 10_000 * i));
    // Two sensors of a program may share the file.
    await Promise.all([fileMemory(path).save('other'), ...texts.map((text) => memory.save(text))]);
    expect([texts.at(-1), 'other']).toContain(await memory.load());
    expect(await readdir(join(path, '..'))).toEqual(['sensor.json.seen']);
  });

  it('says so once where it cannot be written, and then goes on where that is wanted', async () => {
    const folder = join(await temporaryFolder(), 'missing');
    const memory = fileMemory(join(folder, 'sensor.json.seen'));
    await expect(memory.save('one')).rejects.toMatchObject({ code: 'STORE_FAILED' });
    const told: string[] = [];
    const lenient = lenientMemory(memory, (message) => told.push(message));
    await lenient.save('one');
    await lenient.save('two');
    expect(told).toEqual([
      expect.stringMatching(
        /^expected to write what the sensor has seen .* got ENOENT \(no such file or folder\)$/,
      ),
    ]);
    await mkdir(folder);
    await chmod(folder, 0o755);
    await lenient.save('three');
    expect(await lenient.load()).toBe('three');
  });
});
