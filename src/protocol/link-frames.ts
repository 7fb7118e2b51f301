import { EngineError, fromUtf8, utf8 } from '../foundation/index.ts';
import { PEER_BODY_BYTES_MAX } from './limits.ts';

/** What two nodes agree on while their TLS connection is made (ALPN); another form of frames gets another name. */
export const LINK_PROTOCOL = 'mcloud-link/1';

/** Bytes of a target or a content type: the longest path with its query is under 200. */
export const FRAME_TEXT_BYTES_MAX = 1_024;
/** Length, kind and call: enough to say whether a frame is wanted. */
const HEAD_BYTES = 9;

const REQUEST = 1;
const REPLY = 2;
const CANCEL = 3;

/** Calls are numbered by who makes them; a reply has the number of its request, so that it waits for no other one. */
export type Frame =
  | {
      readonly kind: 'request';
      readonly call: number;
      /** Method, a space, path and query. */
      readonly target: string;
      readonly body: Uint8Array;
    }
  | {
      readonly kind: 'reply';
      readonly call: number;
      readonly status: number;
      readonly contentType: string;
      readonly body: Uint8Array;
    }
  /** Nobody waits for the reply any more. */
  | { readonly kind: 'cancel'; readonly call: number };

export interface FrameHead {
  readonly kind: Frame['kind'];
  readonly call: number;
  /** Bytes of the whole frame. */
  readonly bytes: number;
}

/**
 * A frame as it travels.
 * @throws EngineError `BODY_TOO_LARGE`
 */
export function encodeFrame(frame: Frame): Uint8Array {
  switch (frame.kind) {
    case 'request':
      return written(REQUEST, frame.call, null, frame.target, frame.body);
    case 'reply':
      return written(REPLY, frame.call, frame.status, frame.contentType, frame.body);
    case 'cancel': {
      const bytes = new Uint8Array(HEAD_BYTES);
      writeHead(bytes, CANCEL, frame.call);
      return bytes;
    }
  }
}

function written(
  kind: number,
  call: number,
  status: number | null,
  text: string,
  body: Uint8Array,
): Uint8Array {
  const name = utf8(text);
  if (name.length > FRAME_TEXT_BYTES_MAX || body.length > PEER_BODY_BYTES_MAX) {
    throw new EngineError(
      'BODY_TOO_LARGE',
      `expected a body of at most ${PEER_BODY_BYTES_MAX} bytes between nodes, got ${body.length}`,
    );
  }
  const statusBytes = status === null ? 0 : 2;
  const bytes = new Uint8Array(HEAD_BYTES + statusBytes + 2 + name.length + body.length);
  const view = writeHead(bytes, kind, call);
  if (status !== null) view.setUint16(HEAD_BYTES, status);
  const at = HEAD_BYTES + statusBytes;
  view.setUint16(at, name.length);
  bytes.set(name, at + 2);
  bytes.set(body, at + 2 + name.length);
  return bytes;
}

function writeHead(bytes: Uint8Array, kind: number, call: number): DataView {
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length - 4);
  view.setUint8(4, kind);
  view.setUint32(5, call);
  return view;
}

/** What comes out of a link, in order. */
export interface FrameSink {
  /** Whether the frame that begins is to be kept; asked before its body has come. */
  wants(head: FrameHead): boolean;
  frame(frame: Frame): void;
  /** A frame that was not wanted is over. */
  skipped(head: FrameHead): void;
}

export interface FrameReader {
  /** @throws EngineError `MALFORMED_BODY`, `MALFORMED_TEXT`: nothing that follows can be read. */
  push(chunk: Uint8Array): void;
  /** Whether a frame has begun and not ended. */
  partial(): boolean;
}

/** Cuts a stream of bytes into frames, however the network has cut it. Bodies are copies of their own. */
export function createFrameReader(sink: FrameSink): FrameReader {
  let pieces: Uint8Array[] = [];
  let held = 0;
  /** Bytes that must be here before anything can be done. */
  let needed = HEAD_BYTES;
  let begun: FrameHead | null = null;
  let unwanted: { readonly head: FrameHead; left: number } | null = null;

  /** All bytes that are here as one piece, or null while they are too few. */
  function gathered(chunk: Uint8Array): Uint8Array | null {
    if (held === 0) return chunk;
    pieces.push(chunk);
    held += chunk.length;
    if (held < needed) return null;
    const whole = new Uint8Array(held);
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    pieces = [];
    held = 0;
    return whole;
  }

  /** How many bytes of an unwanted frame lie at `at`. */
  function skip(bytes: Uint8Array, at: number): number {
    if (unwanted === null) return 0;
    const taken = Math.min(unwanted.left, bytes.length - at);
    unwanted.left -= taken;
    if (unwanted.left === 0) {
      const { head } = unwanted;
      unwanted = null;
      sink.skipped(head);
    }
    return taken;
  }

  return {
    push(chunk) {
      const bytes = gathered(chunk);
      if (bytes === null) return;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      let at = 0;
      while (at < bytes.length) {
        if (unwanted !== null) {
          at += skip(bytes, at);
          continue;
        }
        needed = HEAD_BYTES;
        if (bytes.length - at < needed) break;
        if (begun === null) {
          const head = headAt(view, at);
          if (!sink.wants(head)) {
            unwanted = { head, left: head.bytes };
            continue;
          }
          begun = head;
        }
        needed = begun.bytes;
        if (bytes.length - at < needed) break;
        const head = begun;
        begun = null;
        sink.frame(frameAt(head, bytes, view, at));
        at += head.bytes;
      }
      if (at < bytes.length) {
        pieces = [at === 0 ? bytes : bytes.subarray(at)];
        held = bytes.length - at;
      }
    },
    partial: () => held > 0 || unwanted !== null,
  };
}

const KINDS = [undefined, 'request', 'reply', 'cancel'] as const;
/** The least that follows the length: kind and call, and where there is one the status and the text's length. */
const LENGTH_MIN = { request: 7, reply: 9, cancel: 5 } as const;

function headAt(view: DataView, at: number): FrameHead {
  const length = view.getUint32(at);
  const kind = KINDS[view.getUint8(at + 4)];
  if (kind === undefined) throw malformed(`a frame of kind 1 to 3, got ${view.getUint8(at + 4)}`);
  const least = LENGTH_MIN[kind];
  const rest = kind === 'cancel' ? 0 : FRAME_TEXT_BYTES_MAX + PEER_BODY_BYTES_MAX;
  if (length < least || length > least + rest) {
    throw malformed(`a ${kind} of a possible length, got ${length} bytes`);
  }
  return { kind, call: view.getUint32(at + 5), bytes: length + 4 };
}

function frameAt({ kind, call, bytes }: FrameHead, all: Uint8Array, view: DataView, at: number): Frame {
  if (kind === 'cancel') return { kind, call };
  const lengthAt = at + HEAD_BYTES + (kind === 'reply' ? 2 : 0);
  const textAt = lengthAt + 2;
  const bodyAt = textAt + view.getUint16(lengthAt);
  const end = at + bytes;
  if (bodyAt > end || bodyAt - textAt > FRAME_TEXT_BYTES_MAX) throw malformed('a text within its frame');
  const text = fromUtf8(all.subarray(textAt, bodyAt));
  // A view would keep everything alive that came with it, for as long as a row remembers a name out of it.
  const body = all.slice(bodyAt, end);
  if (body.length > PEER_BODY_BYTES_MAX) throw malformed('a body within its limit');
  return kind === 'request'
    ? { kind, call, target: text, body }
    : { kind, call, status: view.getUint16(at + HEAD_BYTES), contentType: text, body };
}

function malformed(expected: string): EngineError {
  return new EngineError('MALFORMED_BODY', `expected ${expected}`);
}
