import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DEADLINE_MS_DEFAULT, SPLITS_MAX } from '../../sensor-client/limits.ts';
import { createSensor } from '../../sensor-client/sensor.ts';
import { EngineError, toHex } from '../../src/foundation/index.ts';
import type { Transport } from '../../src/ports/index.ts';
import { entriesOf, entryName, entryOfName, operations } from '../../src/protocol/index.ts';
import type { Reading } from '../../src/sharing/index.ts';
import { combine, encodeReading } from '../../src/sharing/index.ts';
import type { Arrival, Fate } from '../support/honest-nodes.ts';
import { sensorScene, WINDOW } from '../support/sensor-scene.ts';

async function failureOf(work: Promise<unknown>): Promise<EngineError> {
  const outcome = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome instanceof EngineError) return outcome;
  throw new Error(`expected an EngineError, got ${String(outcome)}`);
}

function operationsOf(sent: readonly Arrival[]): string[] {
  return sent.map(({ operation }) => operation).filter((name) => name !== 'READ_STREAM');
}

/** Reading ids that some message named. */
function idsOf(sent: readonly Arrival[]): Set<string> {
  const uploads = sent.filter(({ operation }) => operation === 'UPLOAD');
  return new Set(
    uploads.flatMap(({ body }) =>
      operations.UPLOAD.request.decode(body).packets.flatMap(entriesOf).map(entryName),
    ),
  );
}

test('a reading is committed by an UPLOAD to every domain, and SET', async () => {
  const { clock, nodes, sensor } = await sensorScene();
  const own = await sensor();
  const { flagKey, readingId } = await clock.until(own.upload(21.5));
  expect(operationsOf(nodes.sent)).toEqual(['UPLOAD', 'UPLOAD', 'UPLOAD', 'SET']);
  expect([...nodes.flags.values()]).toEqual(['TRUE']);
  expect(readingId).toMatch(/^[0-9a-f]{32}$/);
  expect(await clock.until(own.outcome(flagKey))).toBe('TRUE');
});

test.each<[Reading, Reading]>([
  [-3.5, '-3.5'],
  ['12.30', 12.3],
  [{ x: 7 }, 7],
])('the shares of %j add up to its reading vector', async (reading, same) => {
  const { clock, nodes, stream, sensor } = await sensorScene();
  await clock.until((await sensor()).upload(reading));
  const shares = nodes.values.flatMap((table) => [...table.values()]);
  expect(shares).toHaveLength(3);
  expect(combine(shares)).toEqual(encodeReading(stream, same));
});

test('ISOLATION: a node is only ever sent shares of its own domain', async () => {
  let losses = 0;
  const fate = ({ operation }: Arrival): Fate =>
    operation === 'UPLOAD' && losses++ % 3 === 1 ? 'reply lost' : 'arrives';
  const { clock, nodes, stream, ring, sensor } = await sensorScene({ fate });
  await clock.until((await sensor()).uploadMany(Array.from({ length: 40 }, (_, i) => i)));
  const uploads = nodes.sent.filter(({ operation }) => operation === 'UPLOAD');
  expect(uploads.length).toBeGreaterThan(2);
  for (const { node, body } of uploads) {
    const { index } = operations.UPLOAD.request.decode(body);
    const domain = ring.domains.find(({ nodes: members }) => members.some(({ id }) => id === node))?.domain;
    expect(stream.domains[index]?.id).toBe(domain);
  }
});

test('lost requests and answers are repeated with the same bytes until the reading is committed', async () => {
  const lost = new Map<string, number>();
  const fate = ({ operation, node }: Arrival): Fate => {
    const times = (lost.get(operation + node) ?? 0) + 1;
    lost.set(operation + node, times);
    if (times === 1) return 'request lost';
    return times === 2 ? 'reply lost' : 'arrives';
  };
  const { clock, nodes, sensor } = await sensorScene({ fate });
  await clock.until((await sensor({ window: WINDOW })).upload(1, { deadlineMs: 300_000 }));
  expect([...nodes.flags.values()]).toEqual(['TRUE']);
  for (const index of [0, 1, 2]) {
    const bodies = nodes.sent
      .filter(({ operation }) => operation === 'UPLOAD')
      .filter(({ body }) => operations.UPLOAD.request.decode(body).index === index)
      .map(({ body }) => Buffer.from(body).toString('hex'));
    expect(bodies.length).toBe(3);
    expect(new Set(bodies).size).toBe(1);
  }
});

describe('bad input sends nothing of the reading', () => {
  test.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'READING_NOT_A_NUMBER'],
    ['Infinity', Number.POSITIVE_INFINITY, 'READING_NOT_A_NUMBER'],
    ['a word', 'warm', 'READING_NOT_A_NUMBER'],
    ['null', null, 'READING_NOT_A_NUMBER'],
    ['a record of other fields', { y: 1 }, 'READING_NOT_A_NUMBER'],
    ['too many decimals', 1.25, 'READING_TOO_PRECISE'],
    ['too large', 60.1, 'READING_OUT_OF_BOUNDS'],
    ['too small', '-50.1', 'READING_OUT_OF_BOUNDS'],
  ])('%s', async (_, reading, code) => {
    const { clock, nodes, sensor } = await sensorScene();
    const own = await sensor();
    expect((await failureOf(clock.until(own.upload(reading as Reading)))).code).toBe(code);
    expect((await failureOf(clock.until(own.check(reading as Reading)))).code).toBe(code);
    expect(operationsOf(nodes.sent)).toEqual([]);
  });

  test('a deadline, key pair, stream or flag key of no use', async () => {
    const { clock, nodes, sensor } = await sensorScene();
    const own = await sensor();
    const works: (() => Promise<unknown>)[] = [
      () => own.upload(1, { deadlineMs: 0 }),
      () => own.upload(1, { deadlineMs: Number.NaN }),
      () => own.upload(1, { keys: { publicKey: new Uint8Array(33), privateKey: new Uint8Array(32) } }),
      () => own.outcome('flag'),
      () => own.uploadMany([1], { concurrency: 0 }),
      () => sensor({ keys: { publicKey: new Uint8Array(65), privateKey: new Uint8Array(0) } }),
      () => sensor({ stream: 'abc' }),
    ];
    for (const work of works) {
      expect((await failureOf(clock.until(work()))).code).toBe('INVALID_ARGUMENT');
    }
    expect(operationsOf(nodes.sent)).toEqual([]);
  });
});

test('a window sealed before SET refuses the reading for good', async () => {
  const { clock, nodes, sensor } = await sensorScene();
  const own = await sensor({ window: WINDOW });
  nodes.seal(WINDOW);
  expect((await failureOf(clock.until(own.upload(1)))).code).toBe('WINDOW_SEALED');
  expect(new Set(operationsOf(nodes.sent))).toEqual(new Set(['UPLOAD']));
});

test('a window sealed while SET is under way leaves the reading undecided, with the key to ask later', async () => {
  const scene = await sensorScene({
    arrives: ({ operation }) => {
      if (operation === 'SET') scene.nodes.seal(WINDOW);
    },
  });
  const { clock, nodes, sensor } = scene;
  const own = await sensor();
  const failure = await failureOf(clock.until(own.upload(1)));
  expect(failure.code).toBe('READING_UNDECIDED');
  expect(failure.details.lastFailure).toBe('WINDOW_SEALED');
  expect(await clock.until(own.outcome(String(failure.details.flagKey)))).toBe('UNDECIDED');
  expect(idsOf(nodes.sent).size).toBe(1);
});

test('a flag that became ERROR frees the reading for another id, a few times', async () => {
  let expiries = 0;
  const scene = await sensorScene({
    arrives: ({ operation }) => {
      if (operation === 'SET' && expiries++ < 1) scene.nodes.expireFlags();
    },
  });
  await scene.clock.until((await scene.sensor()).upload(1));
  expect([...scene.nodes.flags.values()]).toEqual(['ERROR', 'TRUE']);

  const hopeless = await sensorScene({
    arrives: ({ operation }) => {
      if (operation === 'SET') hopeless.nodes.expireFlags();
    },
  });
  const failure = await failureOf(hopeless.clock.until((await hopeless.sensor()).upload(1)));
  expect(failure.code).toBe('READING_ERRORED');
  expect(idsOf(hopeless.nodes.sent).size).toBe(SPLITS_MAX);
});

test('ERROR is believed of two acceptors only, also by whoever asks later', async () => {
  const scene = await sensorScene({
    shape: { nodes: [2, 2, 2], acceptors: 3 },
    fate: ({ operation }) => (operation === 'SET' ? 'request lost' : 'arrives'),
  });
  const { clock, nodes, ports, bundle, stream } = scene;
  const own = await scene.sensor();
  const failure = await failureOf(clock.until(own.upload(1, { deadlineMs: 30_000 })));
  const flagKey = String(failure.details.flagKey);
  const asked = new Set<string>();
  const lying: Transport = {
    ...nodes.transport,
    async send(node, request, options) {
      const { path, response } = operations.GET;
      if (request.path !== path) return nodes.transport.send(node, request, options);
      asked.add(node);
      if (asked.size > 1) return nodes.transport.send(node, request, options);
      const body = response.encode({ outcomes: ['ERROR'] });
      return { status: 200, body, contentType: response.contentType };
    },
  };
  const policy = { allowDevelopment: true };
  const later = await createSensor(
    { bundle, stream: stream.hash, policy },
    { ...ports, connect: () => lying },
  );
  expect(await clock.until(later.outcome(flagKey))).toBe('UNDECIDED');
  expect(asked.size).toBe(2);
  nodes.expireFlags();
  expect(await clock.until(own.outcome(flagKey))).toBe('ERROR');
});

test('nodes that cannot tell whether the window is open are asked until the deadline, and say what is missing', async () => {
  const untold = new EngineError('INCOMPLETE', 'too few acceptors of the window say whether it was opened');
  const { clock, sensor } = await sensorScene({
    fate: ({ operation }) => (operation === 'UPLOAD' ? untold : 'arrives'),
  });
  const refused = await failureOf(clock.until((await sensor()).upload(1, { deadlineMs: 30_000 })));
  expect([refused.code, refused.details.lastFailure]).toEqual(['DEADLINE_EXCEEDED', 'INCOMPLETE']);
  expect(refused.message).toContain(
    `too few nodes answer those that were asked to know that window ${WINDOW} is open`,
  );
  expect(refused.message).toContain('the reading is in no result');
});

test('nodes that never answer end in DEADLINE_EXCEEDED, after SET in READING_UNDECIDED', async () => {
  const early = await sensorScene({
    fate: ({ operation }) => (operation === 'UPLOAD' ? 'request lost' : 'arrives'),
  });
  const refused = await failureOf(
    early.clock.until((await early.sensor()).upload(1, { deadlineMs: 30_000 })),
  );
  expect([refused.code, refused.details.lastFailure]).toEqual(['DEADLINE_EXCEEDED', 'UNREACHABLE']);
  expect(refused.message).toMatch(
    /within 30000 ms, .*no answer from [abc][12].*; the reading is in no result/,
  );
  expect(early.nodes.sent.some(({ operation }) => operation === 'SET')).toBe(false);

  const late = await sensorScene({
    fate: ({ operation }) => (operation === 'SET' ? 'reply lost' : 'arrives'),
  });
  const own = await late.sensor();
  const open = await failureOf(late.clock.until(own.upload(1, { deadlineMs: 30_000 })));
  expect(open.code).toBe('READING_UNDECIDED');
  expect(await late.clock.until(own.outcome(String(open.details.flagKey)))).toBe('TRUE');
});

test('nodes that hand out no document end the upload at its deadline, with nothing sent', async () => {
  const { clock, nodes, sensor } = await sensorScene({ fate: () => 'request lost' });
  const before = clock.now();
  const failure = await failureOf(clock.until((await sensor()).upload(1, { deadlineMs: 2_000 })));
  expect([failure.code, clock.now() - before]).toEqual(['DEADLINE_EXCEEDED', 2_000]);
  expect(operationsOf(nodes.sent)).toEqual([]);
});

test('an aborted upload says whether the reading may still be committed', async () => {
  for (const [operation, setSent] of [
    ['UPLOAD', false],
    ['SET', true],
  ] as const) {
    const caller = new AbortController();
    const { clock, sensor } = await sensorScene({
      fate: (arrival) => {
        if (arrival.operation !== operation) return 'arrives';
        queueMicrotask(() => caller.abort());
        return 'request lost';
      },
    });
    const failure = await failureOf(clock.until((await sensor()).upload(1, { signal: caller.signal })));
    expect([failure.code, failure.details.setSent]).toEqual(['READING_ABORTED', setSent]);
    expect(failure.details.flagKey).toMatch(/^[0-9a-f]{64}\./);
  }
});

test('closing is idempotent, stops what is under way and refuses what comes after', async () => {
  const { clock, nodes, sensor } = await sensorScene({
    fate: ({ operation }) => (operation === 'SET' ? 'request lost' : 'arrives'),
  });
  const own = await sensor();
  const upload = failureOf(own.upload(1));
  await clock.advance(1_000);
  await Promise.all([own.close(), own.close()]);
  expect((await upload).code).toBe('READING_ABORTED');
  expect(nodes.closed()).toBe(true);
  expect((await failureOf(own.upload(1))).code).toBe('READING_ABORTED');
});

test('two sensors, or two readings of one, never share a mask', async () => {
  const { clock, nodes, sensor } = await sensorScene();
  const own = await sensor();
  await clock.until(Promise.all([own.upload(1), own.upload(1), (await sensor()).upload(1)]));
  const shares = nodes.values.flatMap((table) =>
    [...table.values()].map((share) => Buffer.from(share).toString('hex')),
  );
  expect(new Set(shares).size).toBe(9);
});

test('any losses: committed means TRUE, and another id is taken only after ERROR', async () => {
  const fates = fc.array(
    fc.constantFrom<Fate | 'expire'>('arrives', 'arrives', 'request lost', 'reply lost', 'expire'),
    {
      maxLength: 24,
    },
  );
  await fc.assert(
    fc.asyncProperty(fates, async (script) => {
      let at = 0;
      const scene = await sensorScene({
        shape: { nodes: [1, 1] },
        fate: ({ operation }) => {
          if (operation === 'READ_STREAM') return 'arrives';
          const next = script[at++] ?? 'arrives';
          if (next === 'expire') scene.nodes.expireFlags();
          return next === 'expire' ? 'arrives' : next;
        },
      });
      const own = await scene.sensor();
      const result = await scene.clock.until(
        own.upload(3, { deadlineMs: 45_000 }).then(
          ({ readingId }) => ({ code: 'COMMITTED', readingId }),
          (error: unknown) => {
            if (!(error instanceof EngineError)) throw error;
            return { code: error.code, readingId: String(error.details.flagKey).split('.')[3] ?? '' };
          },
        ),
      );
      const flags = [...scene.nodes.flags].map(([name, outcome]) => ({
        id: toHex(entryOfName(name).readingId),
        outcome,
      }));
      const last = flags.find(({ id }) => id === result.readingId)?.outcome;
      if (result.code === 'COMMITTED') expect(last).toBe('TRUE');
      else if (result.code === 'READING_ERRORED') expect(last).toBe('ERROR');
      else if (result.code === 'DEADLINE_EXCEEDED') expect(last).not.toBe('TRUE');
      else expect(result.code).toBe('READING_UNDECIDED');
      // Whatever happened, the reading counts at most once.
      const others = flags.filter(({ id }) => id !== result.readingId);
      expect(others.every(({ outcome }) => outcome === 'ERROR')).toBe(true);
      await scene.clock.until(own.close());
    }),
    { numRuns: 60 },
  );
});

test('a clock that is set back during an upload does not make it wait longer', async () => {
  let backMs = 0;
  const { bundle, clock, ports, stream } = await sensorScene({
    fate({ operation }) {
      // While the sensor asks for its stream: the end of its time is drawn by then.
      if (operation === 'READ_STREAM') backMs = 86_400_000;
      return operation === 'UPLOAD' ? 'request lost' : 'arrives';
    },
  });
  const policy = { allowDevelopment: true };
  const own = await createSensor(
    { bundle, stream: stream.hash, window: WINDOW, relay: false, policy },
    { ...ports, clock: { ...clock, now: () => clock.now() - backMs } },
  );
  const began = clock.now();
  await expect(clock.until(own.upload(1))).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(clock.now() - began).toBeLessThan(2 * DEADLINE_MS_DEFAULT);
});
