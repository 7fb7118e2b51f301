import { EngineError } from '../../src/foundation/index.ts';

/** Longest line taken from standard input, in characters: input without line ends must not fill the memory. */
export const LINE_CHARACTERS_MAX = 1_000;

type Decoder = InstanceType<typeof TextDecoder>;

/**
 * The lines of a stream of UTF-8 bytes, as they come, without their ends (LF or CRLF). A last line need not end.
 * @throws EngineError `MALFORMED_TEXT` when a line is too long or the bytes are not UTF-8
 */
export async function* readLines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let number = 1;
  let held = '';
  for await (const piece of pieces) {
    held += decode(decoder, piece, number);
    for (let end = held.indexOf('\n'); end >= 0; end = held.indexOf('\n')) {
      yield checked(held.slice(0, end), number++).replace(/\r$/, '');
      held = held.slice(end + 1);
    }
    checked(held, number);
  }
  held += decode(decoder, undefined, number);
  if (held !== '') yield checked(held, number);
}

function decode(decoder: Decoder, piece: Uint8Array | undefined, line: number): string {
  try {
    return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
  } catch {
    throw new EngineError('MALFORMED_TEXT', `line ${line} or later: expected UTF-8`, { line });
  }
}

function checked(text: string, line: number): string {
  if (text.length <= LINE_CHARACTERS_MAX) return text;
  throw new EngineError(
    'MALFORMED_TEXT',
    `line ${line}: expected at most ${LINE_CHARACTERS_MAX} characters, got more`,
    { line },
  );
}
