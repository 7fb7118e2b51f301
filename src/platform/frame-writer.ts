/** The part of a socket that frames are written to. */
export interface FrameTarget {
  readonly writableLength: number;
  readonly destroyed: boolean;
  write(bytes: Uint8Array): boolean;
}

/** Writes what one tick says as one piece, once it is opened. */
export interface FrameWriter {
  open(): void;
  write(frame: Uint8Array): void;
  /** Writes what is left now, for one who ends the connection next. */
  flush(): void;
  /** Bytes that the other side has not taken yet. */
  unsentBytes(): number;
}

/**
 * Replies of one commit, and the calls of one round to one node, come about in one tick: written together they cost
 * one TLS record, one system call and one wake-up of the other process, which is most of what a small message costs.
 */
export function createFrameWriter(target: FrameTarget): FrameWriter {
  let frames: Uint8Array[] = [];
  let bytes = 0;
  let opened = false;

  function flush(): void {
    if (frames.length === 0) return;
    const [only] = frames;
    const whole = frames.length === 1 && only !== undefined ? only : Buffer.concat(frames, bytes);
    frames = [];
    bytes = 0;
    if (!target.destroyed) target.write(whole);
  }

  return {
    open() {
      opened = true;
      flush();
    },
    write(frame) {
      // Behind all promises that are already due, so that whatever they write goes along.
      if (opened && frames.length === 0) process.nextTick(flush);
      frames.push(frame);
      bytes += frame.length;
    },
    flush,
    unsentBytes: () => bytes + target.writableLength,
  };
}
