import { describe, expect, test } from 'vitest';
import { concat, EngineError } from '../../../src/foundation/index.ts';
import {
  createFrameReader,
  encodeFrame,
  FRAME_TEXT_BYTES_MAX,
  type Frame,
  type FrameHead,
  limits,
} from '../../../src/protocol/index.ts';
import { fc, test as property } from '../../support/property.ts';

const anyCall = fc.nat(0xffffffff);
const anyText = fc.string({ maxLength: 40, unit: 'grapheme' });
const anyBytes = fc.uint8Array({ maxLength: 60 });
const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ kind: fc.constant('request' as const), call: anyCall, target: anyText, body: anyBytes }),
  fc.record({
    kind: fc.constant('reply' as const),
    call: anyCall,
    status: fc.nat(0xffff),
    contentType: anyText,
    body: anyBytes,
  }),
  fc.record({ kind: fc.constant('cancel' as const), call: anyCall }),
);

/** What a reader makes of chunks; calls with an even number are not wanted where `choosy`. */
function read(chunks: readonly Uint8Array[], choosy = false) {
  const frames: Frame[] = [];
  const skipped: FrameHead[] = [];
  const reader = createFrameReader({
    wants: ({ call }) => !choosy || call % 2 === 1,
    frame: (frame) => frames.push(frame),
    skipped: (head) => skipped.push(head),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { frames, skipped, partial: reader.partial() };
}

/** The same bytes in chunks of the sizes, taken in turns. */
function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    chunks.push(bytes.slice(at, at + size));
    at += size;
  }
  return chunks;
}

const anySizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });

describe('frames of a link', () => {
  property.prop([fc.array(anyFrame, { maxLength: 12 }), anySizes])(
    'come out as they went in, wherever the network cuts them',
    (frames, sizes) => {
      const bytes = concat(...frames.map(encodeFrame));
      expect(read(cut(bytes, sizes))).toEqual({ frames, skipped: [], partial: false });
    },
  );

  property.prop([fc.array(anyFrame, { maxLength: 12 }), anySizes])(
    'that are not wanted are left out, each told once, and the others stay whole',
    (frames, sizes) => {
      const bytes = concat(...frames.map(encodeFrame));
      const { frames: kept, skipped, partial } = read(cut(bytes, sizes), true);
      expect(kept).toEqual(frames.filter(({ call }) => call % 2 === 1));
      expect(skipped.map(({ call }) => call)).toEqual(
        frames.filter(({ call }) => call % 2 === 0).map(({ call }) => call),
      );
      expect(partial).toBe(false);
    },
  );

  property.prop([anyFrame, fc.nat(200)])('are partial until their last byte is here', (frame, left) => {
    const bytes = encodeFrame(frame);
    const part = bytes.subarray(0, left % bytes.length);
    expect(read([part])).toMatchObject({ frames: [], partial: part.length > 0 });
  });

  property.prop([fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 })])(
    'of any bytes are read, or refused as malformed',
    (chunks) => {
      try {
        read(chunks);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
        expect(error).toMatchObject({ code: expect.stringMatching(/^MALFORMED_(BODY|TEXT)$/) });
      }
    },
  );

  const expectMalformed = (bytes: readonly number[]): void => {
    expect(() => read([Uint8Array.from(bytes)])).toThrow(expect.objectContaining({ code: 'MALFORMED_BODY' }));
  };

  test('of an unknown kind are refused', () => {
    expectMalformed([0, 0, 0, 9, 0, 0, 0, 0, 1]);
    expectMalformed([0, 0, 0, 9, 4, 0, 0, 0, 1]);
  });

  test('of an impossible length are refused before a byte of them is kept', () => {
    expectMalformed([0, 0, 0, 6, 1, 0, 0, 0, 1]);
    expectMalformed([0, 0, 0, 8, 2, 0, 0, 0, 1]);
    expectMalformed([0, 0, 0, 6, 3, 0, 0, 0, 1]);
    expectMalformed([0x7f, 0xff, 0xff, 0xff, 1, 0, 0, 0, 1]);
    expectMalformed([0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 1]);
  });

  test('whose text does not end within them, or is longer than its limit, are refused', () => {
    expectMalformed([0, 0, 0, 7, 1, 0, 0, 0, 1, 0, 1]);
    const long = new Uint8Array(11 + FRAME_TEXT_BYTES_MAX + 1);
    new DataView(long.buffer).setUint32(0, long.length - 4);
    long[4] = 1;
    new DataView(long.buffer).setUint16(9, FRAME_TEXT_BYTES_MAX + 1);
    expectMalformed([...long]);
  });

  test('are not made of a body or a text over the limits', () => {
    const body = new Uint8Array(limits.PEER_BODY_BYTES_MAX + 1);
    const target = 'x'.repeat(FRAME_TEXT_BYTES_MAX + 1);
    const tooLarge = expect.objectContaining({ code: 'BODY_TOO_LARGE' });
    expect(() => encodeFrame({ kind: 'request', call: 1, target: 'x', body })).toThrow(tooLarge);
    expect(() => encodeFrame({ kind: 'request', call: 1, target, body: new Uint8Array(0) })).toThrow(
      tooLarge,
    );
    const largest = encodeFrame({ kind: 'request', call: 1, target: 'x', body: body.subarray(1) });
    expect(read(cut(largest, [65_536])).frames).toHaveLength(1);
  });

  test('have bodies of their own, which keep nothing else alive', () => {
    const bytes = encodeFrame({ kind: 'request', call: 1, target: 'POST /x', body: Uint8Array.of(1, 2, 3) });
    const [frame] = read([bytes]).frames;
    expect(frame?.kind === 'request' ? frame.body.buffer.byteLength : 0).toBe(3);
  });
});
