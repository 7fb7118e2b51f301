import { toBase64Url, toHex } from '../../../src/foundation/index.ts';
import { operations, scopeOfKey } from '../../../src/protocol/index.ts';
import type { StreamDocument } from '../../../src/protocol/stream-document.ts';
import { shareIndex } from '../../../src/protocol/stream-document.ts';
import type { DomainId } from '../../../src/ring/index.ts';
import type { PacketOpener } from '../../support/packet-opener.ts';
import type { Exchange } from '../network-types.ts';
import { streamNamed } from '../planned.ts';
import type { DiskRows } from './disk-rows.ts';

/** Watches what leaves a process for a disk, a log or another process. */
export interface OutputChecker {
  /** ISOLATION: a row or a record of rows has become durable. */
  stored(node: StoringNode, table: string, key: Uint8Array): void;
  /** SECRET-FREE OUTPUT: a line of a log, or an error that a program was given. */
  logged(text: string): void;
  /** BOUNDED, and SECRET-FREE OUTPUT of the answers that are errors. */
  answered(exchange: Exchange): void;
  atEnd(): void;
}

export interface StoringNode {
  readonly node: string;
  readonly domain: DomainId;
  readonly rows: Pick<DiskRows, 'indicesOf'>;
}

export interface OutputCheckerOptions {
  readonly streams: readonly StreamDocument[];
  readonly opener: PacketOpener;
  violation(what: string): void;
}

const BODY_BYTES_MAX = new Map(
  Object.values(operations).map(({ method, path, bodyBytesMax }) => [`${method} ${path}`, bodyBytesMax]),
);
/** So much of a share is no accident. */
const TRACE_BYTES = 12;
/** From here on a reading is a number that nothing else in a run is. */
const EXPONENT_LEAST = 20;
const EXPONENT_MOST = 60;
const READINGS = Array.from({ length: EXPONENT_MOST - EXPONENT_LEAST + 1 }, (_, i) =>
  (4n ** BigInt(EXPONENT_LEAST + i)).toString(),
);

export function createOutputChecker({ streams, opener, violation }: OutputCheckerOptions): OutputChecker {
  /** Pieces of shares as somebody might write them. */
  const pieces = new Set<string>();
  const texts = new Set<string>();

  function learn(body: Uint8Array): void {
    const upload = operations.UPLOAD.request.decode(body);
    const domain = streamNamed(streams, upload.context.stream).domains[upload.index]?.id ?? '';
    for (const { share } of opener.shares(domain, upload).flat()) {
      // The first bytes and the last: one element each.
      for (const part of [share.slice(0, TRACE_BYTES), share.slice(-TRACE_BYTES)]) {
        pieces.add(toHex(part)).add(toBase64Url(part));
      }
    }
  }

  return {
    stored({ node, domain, rows }, table, key) {
      if (table !== 'values') return;
      for (const index of rows.indicesOf(key))
        if (index !== shareIndex(streamNamed(streams, scopeOfKey(key).stream), domain))
          violation(`ISOLATION: ${node} of domain ${domain} writes share ${index} to its disk`);
    },
    logged: (text) => void texts.add(text),
    answered({ to, request, response }) {
      const { method, path, body } = request;
      const [bare = ''] = path.split('?', 1);
      const most = BODY_BYTES_MAX.get(`${method} ${bare}`);
      if (most === undefined) violation(`BOUNDED: ${to} is asked ${method} ${bare}, which has no limit`);
      else if (body.length > most)
        violation(`BOUNDED: ${to} is sent ${body.length} bytes for ${bare}, at most ${most} are allowed`);
      if (path === operations.UPLOAD.path) learn(body);
      if (response.status !== 200) texts.add(Buffer.from(response.body).toString('latin1'));
    },
    atEnd() {
      const secrets = [...pieces, ...READINGS];
      for (const text of texts) {
        const found = secrets.find((secret) => text.includes(secret));
        if (found !== undefined) violation(`SECRET-FREE OUTPUT: ${found} in ${text}`);
      }
    },
  };
}
