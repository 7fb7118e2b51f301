import { beforeEach, describe, expect, it } from 'vitest';
import { PATIENCE_MS, SILENT_FOR_MS } from '../../sensor-client/limits.ts';
import { createSilentNodes, type SilentNodes, silentLast } from '../../sensor-client/silent-nodes.ts';
import { EngineError } from '../../src/foundation/index.ts';
import { nodeId } from '../../src/ring/index.ts';
import { expectCode } from '../support/bad-input.ts';
import { createManualClock, type ManualClock } from '../support/manual-clock.ts';

const [a, b] = [nodeId('a1'), nodeId('b1')];
const never = () => new Promise<string>(() => {});
const refused = () => Promise.reject(new EngineError('UNREACHABLE', 'no answer'));

let clock: ManualClock;
let silent: SilentNodes;
beforeEach(() => {
  clock = createManualClock();
  silent = createSilentNodes(clock);
});

const namesNow = () => [...silent.now()];

async function outwait(node: typeof a, turn: number): Promise<void> {
  const waiting = expectCode(silent.wait(node, never(), turn), 'UNREACHABLE');
  await clock.advance(PATIENCE_MS * 2 ** turn);
  await waiting;
}

describe('a node that does not answer', () => {
  it('is waited for a little, longer with every node that was asked before', async () => {
    await outwait(a, 0);
    await outwait(a, 1);
  });

  it('is asked last by what begins later, until an answer comes', async () => {
    expect(namesNow()).toEqual([]);
    let answer: (text: string) => void = () => {};
    const late = new Promise<string>((resolve) => {
      answer = resolve;
    });
    const waiting = expectCode(silent.wait(a, late, 0), 'UNREACHABLE');
    await clock.advance(PATIENCE_MS);
    await waiting;
    expect(namesNow()).toEqual([a]);
    expect(silentLast([a, b], silent.now())).toEqual([b, a]);
    // The request itself was not given up.
    answer('late');
    await clock.advance(0);
    expect(namesNow()).toEqual([]);
  });

  it('is waited for no longer than there is time, and is not silent for having had less', async () => {
    const waiting = expectCode(silent.wait(a, never(), 0, PATIENCE_MS - 1), 'UNREACHABLE');
    await clock.advance(PATIENCE_MS - 1);
    await waiting;
    expect(namesNow()).toEqual([]);
  });

  it('is tried again by one request at a time', async () => {
    await expectCode(silent.wait(a, refused(), 0), 'UNREACHABLE');
    expect(namesNow()).toEqual([a]);
    await clock.advance(SILENT_FOR_MS);
    expect(namesNow()).toEqual([]);
    const trying = silent.wait(a, never(), 0).catch(() => {});
    expect(namesNow()).toEqual([a]);
    await clock.advance(PATIENCE_MS);
    await trying;
    expect(await silent.wait(a, Promise.resolve('here'), 0)).toBe('here');
    expect(namesNow()).toEqual([]);
  });
});

describe('a clock that is set back', () => {
  it('makes a node that was away silent for no longer', async () => {
    await expectCode(silent.wait(a, refused(), 0), 'UNREACHABLE');
    clock.setBack(3_600_000);
    await clock.advance(SILENT_FOR_MS);
    expect(namesNow()).toEqual([]);
  });
});

describe('a lone request', () => {
  /** Answers that take so long. */
  async function answered(ms: number, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await clock.until(
        silent.waitLone(
          b,
          clock.sleep(ms).then(() => 'here'),
          0,
        ),
      );
    }
  }

  /** Answers that may be late when they come. */
  async function answeredLate(ms: number, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const slow = clock.sleep(ms).then(() => 'here');
      const waiting = silent.waitLone(a, slow, 0).catch(() => {});
      await clock.advance(ms);
      await waiting;
    }
  }

  it('is waited for as others are until it is known what is usual', async () => {
    const waiting = expectCode(silent.waitLone(a, never(), 0), 'UNREACHABLE');
    await clock.advance(PATIENCE_MS - 1);
    expect(namesNow()).toEqual([]);
    await clock.advance(1);
    await waiting;
  });

  it('has a node asked last as soon as its answer is late beside others', async () => {
    await answered(50, 4);
    const waiting = expectCode(silent.waitLone(a, never(), 0), 'UNREACHABLE');
    await clock.advance(250);
    await waiting;
    expect(namesNow()).toEqual([a]);
    // The second node has its time: it may wait for the first one.
    const second = expectCode(silent.waitLone(b, never(), 1), 'UNREACHABLE');
    await clock.advance(2 * PATIENCE_MS - 1);
    expect(namesNow()).toEqual([a]);
    await clock.advance(1);
    await second;
  });

  it('teaches what is usual also where it is late, so that slow nodes are not asked more', async () => {
    await answered(50, 4);
    await answeredLate(200, 13);
    const waiting = silent.waitLone(a, never(), 0).catch(() => {});
    await clock.advance(PATIENCE_MS - 1);
    expect(namesNow()).toEqual([]);
    await clock.advance(1);
    await waiting;
    expect(namesNow()).toEqual([a]);
  });

  describe('that a node relays', () => {
    const late = async (ms: number): Promise<void> => {
      const waiting = expectCode(silent.waitRelayed(a, never(), 0), 'UNREACHABLE');
      await clock.advance(ms - 1);
      expect(namesNow()).toEqual([]);
      await clock.advance(1);
      await waiting;
    };

    it('is late beside others of its kind, which wait for several requests', async () => {
      await answered(50, 15);
      for (let i = 0; i < 4; i++) {
        const slow = clock.sleep(200).then(() => 'here');
        await clock.until(silent.waitRelayed(b, slow, 0));
      }
      await answered(50, 15);
      await late(PATIENCE_MS);
    });

    it('is late beside the other requests until there have been some', async () => {
      await answered(50, 4);
      await late(250);
    });
  });

  it('is waited for longer where all answers take long, so that a crowd does not ask twice what is slow already', async () => {
    await answeredLate(1_500, 4);
    const waiting = expectCode(silent.waitLone(a, never(), 0), 'UNREACHABLE');
    await clock.advance(4_499);
    expect(namesNow()).toEqual([]);
    await clock.advance(1);
    await waiting;
    const second = expectCode(silent.waitLone(b, never(), 1), 'UNREACHABLE');
    await clock.advance(8_999);
    expect(namesNow()).toEqual([a]);
    await clock.advance(1);
    await second;
  });
});

it('of silent nodes the one that failed longer ago is asked first, and one that owes an answer last', async () => {
  await expectCode(silent.wait(b, refused(), 0), 'UNREACHABLE');
  await outwait(a, 0);
  expect(silentLast([a, b], silent.now())).toEqual([b, a]);
  expect(silentLast([nodeId('c1'), a, b], silent.now())).toEqual(['c1', b, a]);
});

it('where most nodes were silent, one is given up as soon as they are not', async () => {
  const answers: ((text: string) => void)[] = [];
  const slow = () => new Promise<string>((resolve) => void answers.push(resolve));
  const three = [a, b, nodeId('c1')].map((node) => silent.wait(node, slow(), 0).catch(() => {}));
  await clock.advance(PATIENCE_MS);
  for (const answer of answers.slice(0, 2)) answer('late');
  await Promise.all(three.slice(0, 2));
  const last = three[2]?.then(() => 'given up');
  await clock.advance(PATIENCE_MS);
  expect(await last).toBe('given up');
});

it('where most nodes are silent, none is given up early: to ask more would add to what slows them', async () => {
  await outwait(a, 0);
  await outwait(b, 0);
  let answer: (text: string) => void = () => {};
  const slow = new Promise<string>((resolve) => {
    answer = resolve;
  });
  const waiting = silent.wait(nodeId('c1'), slow, 0);
  await clock.advance(PATIENCE_MS);
  answer('late');
  expect(await waiting).toBe('late');
});

it('a node that starts is asked last too', async () => {
  const starting = Promise.reject(new EngineError('NOT_READY', 'starting'));
  await expectCode(silent.wait(a, starting, 0), 'NOT_READY');
  expect(namesNow()).toEqual([a]);
});

it('a node that is only late is silent and not dead, and one that refuses connections is both', async () => {
  await outwait(a, 0);
  await expectCode(silent.wait(b, refused(), 0), 'UNREACHABLE');
  expect([...silent.now()].sort()).toEqual([a, b].sort());
  expect([...silent.dead()]).toEqual([b]);
  expect(await silent.wait(b, Promise.resolve('here'), 0)).toBe('here');
  expect([...silent.dead()]).toEqual([]);
});

it('a refusal is an answer', async () => {
  await expectCode(silent.wait(a, refused(), 0), 'UNREACHABLE');
  const sealed = Promise.reject(new EngineError('WINDOW_SEALED', 'sealed'));
  await expectCode(silent.wait(a, sealed, 0), 'WINDOW_SEALED');
  expect(namesNow()).toEqual([]);
});

it('an answer leaves no timer behind', async () => {
  expect(await silent.wait(a, Promise.resolve('here'), 0)).toBe('here');
  await clock.advance(PATIENCE_MS);
  expect(namesNow()).toEqual([]);
});
