import { expect, it } from 'vitest';
import { createOperator, FOLLOW_MS } from '../../../operator-cli/operator/index.ts';
import { EngineError } from '../../../src/foundation/index.ts';
import { operations } from '../../../src/protocol/index.ts';
import { windowId } from '../../../src/ring/index.ts';
import {
  fakeClouds,
  honestRows,
  listedWindow,
  serveRows,
  serveWindows,
  WINDOW,
  withheldRows,
} from '../support/fake-clouds.ts';

const starts = [0, 1, 2, 3].map((i) => windowId(WINDOW + i * 60_000));

it('tells of every window once, oldest first, when it is released or withheld, until it is stopped', async () => {
  const clouds = await fakeClouds();
  const { stream } = clouds;
  const [first = WINDOW, second = WINDOW, third = WINDOW, fourth = WINDOW] = starts;
  serveRows(clouds, [
    ...honestRows(stream, ['1'], { window: first }),
    ...withheldRows(stream, 'too few', { window: second }),
    ...honestRows(stream, ['3'], { window: third }),
    ...honestRows(stream, ['4'], { window: fourth }),
  ]);
  const lists = [
    [listedWindow(first), listedWindow(second, 'OPEN')],
    [listedWindow(first), listedWindow(second, 'WITHHELD'), listedWindow(third, 'OPEN')],
    null,
    [listedWindow(second, 'WITHHELD'), listedWindow(third, 'SEALED'), listedWindow(fourth)],
    [listedWindow(third), listedWindow(fourth)],
  ];
  let look = 0;
  const stop = new AbortController();
  const told: [number, string, number][] = [];
  const troubles: string[] = [];
  const { clock } = clouds;
  const ports = {
    ...clouds.ports,
    clock: {
      ...clock,
      async sleep(ms: number, signal?: AbortSignal) {
        if (ms === FOLLOW_MS) show();
        if (look > lists.length) stop.abort(new Error('enough'));
        await clock.sleep(ms, signal);
      },
    },
  };
  function show(): void {
    const list = lists[look++];
    if (list !== undefined && list !== null) serveWindows(clouds, list);
    else {
      clouds.on(operations.READ_STREAM, () => {
        throw new EngineError('UNREACHABLE', 'no answer');
      });
    }
  }
  show();
  await createOperator(ports).follow(
    stream,
    {},
    {
      signal: stop.signal,
      onAnswer: (answer) => told.push([answer.window, 'state' in answer ? answer.state : 'released', look]),
      onTrouble: ({ code }) => troubles.push(code),
    },
  );
  expect(told).toEqual([
    [first, 'released', 1],
    [second, 'withheld', 2],
    [third, 'released', 4],
    [fourth, 'released', 4],
  ]);
  expect(troubles[0]).toBe('UNREACHABLE');
});

it('ends with a refusal that asking again would not change', async () => {
  const clouds = await fakeClouds();
  serveWindows(clouds, [listedWindow(WINDOW)]);
  clouds.on(operations.COMPUTE, () => {
    throw new EngineError('FORBIDDEN', 'no');
  });
  const options = {
    signal: new AbortController().signal,
    onAnswer: () => expect.unreachable(),
    onTrouble: () => expect.unreachable(),
  };
  await expect(createOperator(clouds.ports).follow(clouds.stream, {}, options)).rejects.toMatchObject({
    code: 'FORBIDDEN',
  });
});
