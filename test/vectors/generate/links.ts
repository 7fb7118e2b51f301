import { concat, EngineError, toHex, utf8 } from '../../../src/foundation/index.ts';
import { createFrameReader, encodeFrame, type Frame, LINK_PROTOCOL } from '../../../src/protocol/index.ts';
import { named } from './message-samples.ts';

const FRAMES: readonly Frame[] = [
  { kind: 'request', call: 1, target: 'POST /peer/v1/flags/vote', body: named('vote', 20) },
  { kind: 'request', call: 0xffff_ffff, target: 'GET /v1/rings?from=3', body: new Uint8Array(0) },
  {
    kind: 'reply',
    call: 1,
    status: 200,
    contentType: 'application/octet-stream; store=000102030405060708090a0b0c0d0e0f; seq=7',
    body: named('votes', 18),
  },
  { kind: 'reply', call: 2, status: 404, contentType: 'application/problem+json', body: utf8('{}') },
  { kind: 'cancel', call: 2 },
];

/** Bytes at which a link ends. */
const REFUSED: readonly (readonly [string, readonly number[]])[] = [
  ['a kind that is none', [0, 0, 0, 9, 4, 0, 0, 0, 1]],
  ['a request too short for its text', [0, 0, 0, 6, 1, 0, 0, 0, 1, 0]],
  ['a reply too short for its status and text', [0, 0, 0, 8, 2, 0, 0, 0, 1, 0, 200, 0]],
  ['a cancel with something behind it', [0, 0, 0, 6, 3, 0, 0, 0, 1, 0]],
  ['a text longer than its frame', [0, 0, 0, 7, 1, 0, 0, 0, 1, 0, 1]],
  ['a text that is not UTF-8', [0, 0, 0, 8, 1, 0, 0, 0, 1, 0, 1, 255]],
  ['a frame of 2^32 - 1 bytes', [255, 255, 255, 255, 1, 0, 0, 0, 1]],
];

/** The file of the frames between nodes; everything in it is fixed. */
export function linkVectors(): Record<string, unknown> {
  return {
    'links.json': {
      about:
        'Frames of a link between two nodes, one after another as they travel, and bytes at which a link ends. Bytes are shown as hex; PROTOCOL.md has the layout.',
      protocol: LINK_PROTOCOL,
      bytes: toHex(concat(...FRAMES.map(encodeFrame))),
      frames: FRAMES.map((frame) => ('body' in frame ? { ...frame, body: toHex(frame.body) } : frame)),
      refused: REFUSED.map(([why, bytes]) => ({
        why,
        bytes: toHex(Uint8Array.from(bytes)),
        code: refusalOf(bytes),
      })),
    },
  };
}

function refusalOf(bytes: readonly number[]): string {
  try {
    createFrameReader({ wants: () => true, frame: () => {}, skipped: () => {} }).push(Uint8Array.from(bytes));
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  throw new Error(`expected bytes that are no frame, got ${bytes}`);
}
