import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { answerClientError } from '../../../node/http/failures.ts';

/** What a connection that ended with an error of this code is sent. */
function answerTo(code: string): { readonly written: string; readonly closed: boolean } {
  let written = '';
  let closed = false;
  const socket = {
    writable: true,
    write(piece: string | Uint8Array) {
      written += Buffer.from(piece).toString('latin1');
      return true;
    },
    destroySoon() {
      closed = true;
    },
  };
  answerClientError(Object.assign(new Error(code), { code }), socket as unknown as Socket);
  return { written, closed };
}

describe('a connection that ends with an error', () => {
  it('is told of bytes that are not HTTP', () => {
    for (const code of ['HPE_INVALID_METHOD', 'HPE_HEADER_OVERFLOW']) {
      const { written, closed } = answerTo(code);
      expect(written).toMatch(/^HTTP\/1\.1 400 /);
      expect(written).toContain('MALFORMED_TEXT');
      expect(closed).toBe(true);
    }
  });

  it('is told nothing that a slow client could take for the answer to its request', () => {
    for (const code of ['ERR_TLS_HANDSHAKE_TIMEOUT', 'ERR_HTTP_REQUEST_TIMEOUT', 'ECONNRESET', 'EPIPE']) {
      expect(answerTo(code)).toEqual({ written: '', closed: true });
    }
  });
});
