import { expect, test } from 'vitest';
import { askInTurn } from '../../../node/engine/ask-in-turn.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { nodeId } from '../../../src/ring/index.ts';
import { expectCode } from '../../support/bad-input.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const [a, b, c] = [nodeId('a1'), nodeId('a2'), nodeId('a3')];
const LATE_MS = 150;
const never = new Promise<string>(() => {});
const away = () => Promise.reject(new EngineError('UNREACHABLE', 'no answer'));

/** Asks nodes that answer as the test says. */
function scene(answers: Readonly<Record<string, () => Promise<string>>>) {
  const clock = createManualClock();
  const asked: string[] = [];
  const ask = (node: string) => {
    asked.push(node);
    return answers[node]?.() ?? never;
  };
  const out = askInTurn([a, b, c], ask, clock.sleep(LATE_MS));
  out.catch(() => {});
  return { clock, asked, out };
}

test('a node that answers is the only one that is asked', async () => {
  const { clock, asked, out } = scene({ a1: async () => 'a' });
  expect(await out).toBe('a');
  await clock.advance(LATE_MS);
  expect(asked).toEqual([a]);
});

test('the next one is asked when the one before is late, and either may answer', async () => {
  let answer = (_: string) => {};
  const late = new Promise<string>((resolve) => {
    answer = resolve;
  });
  const { clock, asked, out } = scene({ a1: () => late });
  await clock.advance(LATE_MS - 1);
  expect(asked).toEqual([a]);
  await clock.advance(1);
  expect(asked).toEqual([a, b]);
  answer('a, late');
  expect(await out).toBe('a, late');
  const { clock: second, out: other } = scene({ a2: async () => 'b' });
  await second.advance(LATE_MS);
  expect(await other).toBe('b');
});

test('the next one is asked at once when one fails, and only once', async () => {
  const { clock, asked } = scene({ a1: away });
  await clock.advance(0);
  expect(asked).toEqual([a, b]);
  await clock.advance(LATE_MS);
  expect(asked).toEqual([a, b]);
});

test('it has failed when all have, or one refuses what no other would take', async () => {
  const { out } = scene({ a1: away, a2: away, a3: away });
  await expectCode(out, 'UNREACHABLE');
  const sealed = () => Promise.reject(new EngineError('WINDOW_SEALED', 'sealed'));
  const { clock, asked, out: refused } = scene({ a1: sealed });
  await expectCode(refused, 'WINDOW_SEALED');
  await clock.advance(LATE_MS);
  expect(asked).toEqual([a]);
  const nobody = askInTurn([], away, Promise.resolve());
  await expectCode(nobody, 'UNREACHABLE');
});
