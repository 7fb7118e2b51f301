import { beforeAll, describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../../src/foundation/index.ts';
import type { SharePacket } from '../../../src/protocol/index.ts';
import { operations, readingId, windowKey } from '../../../src/protocol/index.ts';
import type { StreamDocument } from '../../../src/protocol/stream-document.ts';
import type { DomainId } from '../../../src/ring/index.ts';
import { epoch, nodeId, partition, windowId } from '../../../src/ring/index.ts';
import { fixedSensor, packetsFor } from '../../support/fixed-sensor.ts';
import { createPacketOpener } from '../../support/packet-opener.ts';
import { fixedRing, fixedStream } from '../../support/simulated-ring.ts';
import type { Exchange } from '../network-types.ts';
import { createOutputChecker, type OutputChecker } from './outputs.ts';

let stream: StreamDocument;
/** Its domains are in the other order. */
let beside: StreamDocument;
let packet: SharePacket;
let violations: string[];
let checker: OutputChecker;

beforeAll(async () => {
  const ring = await fixedRing({ domains: 2, nodesPerDomain: 1, acceptors: 1, replicas: 1 });
  const terms = { flagTimeoutMs: 1_000, maxExcluded: 0 };
  stream = await fixedStream(ring, terms);
  beside = await fixedStream(ring, { ...terms, name: 'beside', domains: [1, 0] });
  const sensor = fixedSensor('sensor-0');
  const readings = [{ readingId: readingId(new Uint8Array(16)), count: 1 }];
  const scope = { stream: stream.hash, window: windowId(0), group: 0 };
  const node = nodeId('amber-1');
  packet = await packetsFor(ring.document, stream).shares(sensor, node, scope, 0, readings, SHARE);
});

function fresh(): OutputChecker {
  violations = [];
  checker = createOutputChecker({
    streams: [stream, beside],
    opener: createPacketOpener(),
    violation: (what) => violations.push(what),
  });
  return checker;
}

const SHARE = Uint8Array.from({ length: 32 }, (_, i) => 200 - i);

/** A share that its domain was sent. */
function upload(answer: Partial<Exchange['response']> = {}): Exchange {
  const context = {
    stream: stream.hash,
    window: windowId(0),
    group: 0,
    epoch: epoch(1),
    placementEpoch: epoch(1),
  };
  const { method, path, request } = operations.UPLOAD;
  const body = request.encode({
    context,
    partition: partition(0),
    index: 0,
    packets: [packet],
  });
  return {
    arrivedAt: 0,
    from: 'sensor-0',
    to: 'amber-1',
    request: { method, path, body, contentType: '' },
    response: { status: 200, body: new Uint8Array(0), contentType: '', ...answer },
  };
}

describe('the check of what leaves a node', () => {
  it('finds a share in a log, whatever way it is written', () => {
    for (const text of [toHex(SHARE), Buffer.from(SHARE).toString('base64url'), toHex(SHARE.slice(16))]) {
      const { answered, logged, atEnd } = fresh();
      answered(upload());
      logged(`stored {"share":"${text}"}`);
      atEnd();
      expect(violations).toEqual([expect.stringContaining('SECRET-FREE OUTPUT')]);
    }
  });

  it('finds a share in an answer that is an error, and a reading in a log', () => {
    const { answered, logged, atEnd } = fresh();
    answered(upload({ status: 400, body: utf8(`bad share ${toHex(SHARE)}`) }));
    logged(`got ${4n ** 33n}`);
    atEnd();
    expect(violations).toHaveLength(2);
  });

  it('finds nothing in what names no secret', () => {
    const { answered, logged, atEnd } = fresh();
    answered(upload({ status: 503, body: utf8('the window is sealed') }));
    logged('window settled {"window":"0"}');
    atEnd();
    expect(violations).toEqual([]);
  });

  it('finds a share of another domain on a disk', () => {
    const { stored } = fresh();
    const [own, other] = stream.domains.map(({ id }) => id) as [DomainId, DomainId];
    const rows = { indicesOf: () => [1] };
    const key = windowKey({ stream: stream.hash, window: windowId(0), group: 0 });
    stored({ node: 'birch-1', domain: other, rows }, 'values', key);
    const reversed = windowKey({ stream: beside.hash, window: windowId(0), group: 0 });
    stored({ node: 'amber-1', domain: own, rows }, 'values', reversed);
    expect(violations).toEqual([]);
    stored({ node: 'amber-1', domain: own, rows }, 'values', key);
    expect(violations).toEqual([expect.stringContaining('ISOLATION')]);
  });

  it('finds a body over the limit of its operation, and a request that has none', () => {
    const { answered } = fresh();
    const { request, ...rest } = upload();
    const { method, path, bodyBytesMax } = operations.FREEZE;
    answered({ ...rest, request: { ...request, method, path, body: new Uint8Array(bodyBytesMax) } });
    expect(violations).toEqual([]);
    answered({ ...rest, request: { ...request, method, path, body: new Uint8Array(bodyBytesMax + 1) } });
    answered({ ...rest, request: { ...request, method, path: '/v1/anything' } });
    expect(violations.map((text) => text.split(':')[0])).toEqual(['BOUNDED', 'BOUNDED']);
  });
});
