import type { Sample } from '../comparison.ts';
import { timed } from '../stopwatch.ts';
import { plainSumsOf } from './plain-sums.ts';
import { startProgram } from './program.ts';

const PARTIES = [1, 2, 3];
/** The package's field holds no negative numbers: readings in tenths, from the lower bound on. */
const OFFSET_TENTHS = 500;

export interface JiffParties {
  sum(texts: readonly string[]): Promise<Sample>;
  close(): Promise<void>;
}

/** jiff-mpc as its documentation starts it: a server that passes messages on, and three parties. */
export async function openJiff(): Promise<JiffParties> {
  const server = startProgram('jiff-party');
  const parties = PARTIES.map(() => startProgram('jiff-party'));
  const port = await server.ask('serve');
  await Promise.all(parties.map((one, i) => one.ask('join', { port, party: PARTIES[i] })));
  return {
    async sum(texts) {
      const tenths = texts.map((text) => Math.round(Number(text) * 10) + OFFSET_TENTHS);
      let opened: readonly unknown[] = [];
      const { wallMicros } = await timed(async () => {
        opened = await Promise.all(
          parties.map((one, i) =>
            one.ask(
              'sum',
              tenths.filter((_, at) => at % PARTIES.length === i),
            ),
          ),
        );
      });
      const expected = plainSumsOf(texts).sum + OFFSET_TENTHS * texts.length;
      return {
        amount: (texts.length * 1e6) / wallMicros,
        exact: opened.length === PARTIES.length && opened.every((sum) => Number(sum) === expected),
      };
    },
    async close() {
      await Promise.all([...parties, server].map((one) => one.close()));
    },
  };
}
