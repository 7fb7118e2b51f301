import { expect } from 'vitest';
import type { ErrorCode } from '../../src/foundation/index.ts';
import { EngineError } from '../../src/foundation/index.ts';
import type { Transport, TransportRequest, TransportResponse } from '../../src/ports/index.ts';
import type { RelayRequest, RelayResponse } from '../../src/protocol/index.ts';
import { operations, PROBLEM_CONTENT_TYPE, problemOf } from '../../src/protocol/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { expectExact } from '../support/exact-result.ts';
import type { SmallCloud } from '../support/small-cloud.ts';
import { refused } from './attack.ts';
import { against, sensorOn, TWO_EACH } from './scene.ts';

const { RELAY, UPLOAD } = operations;
const DOCUMENTS: readonly string[] = [operations.READ_RINGS.path, operations.READ_STREAM.path];

/** What a node does that is handed a whole reading. @param honest what an honest one answers to a request. */
type Lie = (
  request: RelayRequest,
  honest: (request: RelayRequest) => Promise<RelayResponse>,
) => Promise<RelayResponse>;

/** An honest node's refusal, which anybody may say. */
const refusal = (code: ErrorCode): TransportResponse => ({
  ...problemOf(new EngineError(code, 'so it says')),
  contentType: PROBLEM_CONTENT_TYPE,
});

/** A sensor whose relay lies; `cutOff` leaves it no other way, so that it says what it believes of the lie. */
function lyingRelay(cloud: SmallCloud, lie: Lie) {
  const state = { cutOff: false, direct: 0, relayed: 0 };
  const transport: Transport = {
    async send(to, request, options) {
      if (DOCUMENTS.some((path) => request.path.startsWith(path)))
        return cloud.transport.send(to, request, options);
      if (request.path !== RELAY.path) {
        if (state.cutOff) throw new EngineError('UNREACHABLE', 'cut off');
        if (request.path === UPLOAD.path) state.direct += 1;
        return cloud.transport.send(to, request, options);
      }
      state.relayed += 1;
      const honest = async (asked: RelayRequest) => {
        const sent: TransportRequest = { ...request, body: RELAY.request.encode(asked) };
        const answer = await cloud.transport.send(to, sent, options);
        if (answer.status !== 200) throw answer;
        return RELAY.response.decode(answer.body);
      };
      return lie(RELAY.request.decode(request.body), honest).then(
        (body): TransportResponse => ({
          status: 200,
          body: RELAY.response.encode(body),
          contentType: RELAY.response.contentType,
        }),
        (answer: TransportResponse) => answer,
      );
    },
    close: async () => {},
  };
  return { state, transport };
}

/** The sensor takes the lie for no outcome, and commits the reading itself where it can. */
async function expectUnbelieved(cloud: SmallCloud, lie: Lie): Promise<void> {
  const window = await cloud.openWindow();
  const { state, transport } = lyingRelay(cloud, lie);
  const sensor = await sensorOn(cloud, {}, transport);
  try {
    await cloud.clock.until(sensor.upload('1', { window }));
    state.cutOff = true;
    await expectCode(
      cloud.clock.until(sensor.upload('9', { window, deadlineMs: 20_000 })),
      'READING_UNDECIDED',
    );
    state.cutOff = false;
    // The first one afterwards is the sensor's own, and the next one may be relayed again.
    for (const reading of ['10', '12']) {
      state.direct = 0;
      await cloud.clock.until(sensor.upload(reading, { window }));
      expect(state.direct).toBeGreaterThan(0);
    }
    expect(state.relayed).toBe(2);
  } finally {
    await sensor.close();
  }
}

const word = (byte: number) => new Uint8Array(16).fill(byte);

refused('relay', 'one that says TRUE without having asked anybody', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    await expectUnbelieved(cloud, async () => ({ stored: [], votes: [] }));
    await expectUnbelieved(cloud, async ({ parts }) => ({
      stored: parts.map((_, index) => word(index)),
      votes: [0, 1, 2].map((acceptor) => ({ acceptor, word: word(acceptor) })),
    }));
  }),
);

refused('relay', 'one that drops a share or puts another one in its place', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    await expectUnbelieved(cloud, (request, honest) =>
      honest({ ...request, parts: request.parts.slice(0, 2) }),
    );
    await expectUnbelieved(cloud, (request, honest) => {
      const [first, second, third] = request.parts;
      if (first === undefined || second === undefined || third === undefined) throw new Error('three parts');
      return honest({ ...request, parts: [first, third, second] });
    });
  }),
);

refused('relay', 'one that changes a packet: its shares, its readings, its window', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const other = await cloud.openWindow();
    const changes: readonly ((request: RelayRequest) => RelayRequest)[] = [
      (request) => ({
        ...request,
        parts: request.parts.map((part) => ({ ...part, sealed: part.sealed.map((byte) => byte ^ 1) })),
      }),
      (request) => ({ ...request, readings: request.readings.map((one) => ({ ...one, count: 2 })) }),
      (request) => ({ ...request, context: { ...request.context, window: other } }),
    ];
    for (const change of changes) {
      await expectUnbelieved(cloud, (request, honest) => honest(change(request)));
    }
    expect(await cloud.compute(other)).toMatchObject({ kind: 'result', readings: 0 });
  }),
);

refused('relay', 'one that shows one vote twice, or words about another reading', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    await expectUnbelieved(cloud, async (request, honest) => {
      const { stored, votes } = await honest(request);
      return { stored, votes: votes.map(() => votes[0] ?? { acceptor: 0, word: word(0) }) };
    });
    let kept: RelayResponse | null = null;
    const window = await cloud.openWindow();
    const { state, transport } = lyingRelay(cloud, async (request, honest) => {
      kept ??= await honest(request);
      return kept;
    });
    const sensor = await sensorOn(cloud, {}, transport);
    for (const reading of ['1', '9']) await cloud.clock.until(sensor.upload(reading, { window }));
    state.cutOff = true;
    await expectCode(
      cloud.clock.until(sensor.upload('12', { window, deadlineMs: 20_000 })),
      'READING_UNDECIDED',
    );
    await sensor.close();
    expectExact(await cloud.compute(window), ['1', '9']);
  }),
);

refused('relay', 'one that sends a request again and again: it counts once', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const window = await cloud.openWindow();
    const { transport } = lyingRelay(cloud, async (request, honest) => {
      await honest(request);
      await honest(request);
      return honest(request);
    });
    const sensor = await sensorOn(cloud, {}, transport);
    for (const reading of ['1', '9', '12']) await cloud.clock.until(sensor.upload(reading, { window }));
    await sensor.close();
    expectExact(await cloud.compute(window), ['1', '9', '12']);
  }),
);

refused('relay', 'one that commits a reading and says that it was refused: the reading counts once', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const codes = [
      'WINDOW_SEALED',
      'WINDOW_FULL',
      'SENSOR_REVOKED',
      'STREAM_RETIRED',
      'UNREACHABLE',
    ] as const;
    for (const code of codes) {
      const { transport } = lyingRelay(cloud, async (request, honest) => {
        await honest(request);
        throw refusal(code);
      });
      const window = await cloud.openWindow();
      const sensor = await sensorOn(cloud, {}, transport);
      for (const reading of ['1', '9']) await cloud.clock.until(sensor.upload(reading, { window }));
      await sensor.close();
      expectExact(await cloud.compute(window), ['1', '9']);
    }
  }),
);

refused(
  'relay',
  'one that keeps a reading back, says that it was refused, and commits it before the seal',
  () =>
    against({ shape: TWO_EACH }, async (cloud) => {
      const window = await cloud.openWindow();
      const { transport } = lyingRelay(cloud, async (request, honest) => {
        await honest(request);
        // By now every honest node refuses as well, and only the settled set says what became of the reading.
        expectExact(await cloud.compute(window), ['1', '9']);
        throw refusal('WINDOW_SEALED');
      });
      const sensor = await sensorOn(cloud, {}, transport);
      for (const reading of ['1', '9']) await cloud.clock.until(sensor.upload(reading, { window }));
      await sensor.close();
    }),
);

refused('relay', 'one that says refused and commits much later: until then the sensor knows no outcome', () =>
  against({ shape: TWO_EACH }, async (cloud) => {
    const window = await cloud.openWindow();
    let later: () => Promise<unknown> = () => Promise.reject(new Error('expected a relayed reading'));
    const { state, transport } = lyingRelay(cloud, async (request, honest) => {
      later = () => honest(request);
      state.cutOff = true;
      throw refusal('SENSOR_REVOKED');
    });
    const sensor = await sensorOn(cloud, {}, transport);
    await cloud.clock.until(sensor.upload('1', { window }));
    const told = await cloud.clock
      .until(sensor.upload('9', { window, deadlineMs: 20_000 }))
      .catch((error: unknown) => error);
    expect(told).toMatchObject({ code: 'READING_UNDECIDED' });
    await cloud.clock.until(later());
    state.cutOff = false;
    const flagKey = String(told instanceof EngineError && told.details.flagKey);
    expect(await cloud.clock.until(sensor.outcome(flagKey))).toBe('TRUE');
    await sensor.close();
    expectExact(await cloud.compute(window), ['1', '9']);
  }),
);
