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
