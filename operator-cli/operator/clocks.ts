import { operations } from '../../src/protocol/index.ts';
import { type AskedNode, answerOrReason, askNode, everyNode } from './ask-nodes.ts';
import type { Problem } from './diagnosis.ts';
import { QUESTION_TIMEOUT_MS } from './limits.ts';
import type { CallOptions, OperatorPorts } from './ports.ts';

/** From here on `doctor` tells how far a node's clock is from the others'; time services keep them within milliseconds. */
const CLOCK_OFF_MS_MAX = 3_000;

/** How far a node's clock is from this program's, and by how much that may be wrong: half the time of the answer. */
export interface ClockReading extends AskedNode {
  readonly offsetMs: number;
  readonly errorMs: number;
}

/** The clocks of the nodes that answer. */
export async function readClocks(
  ports: OperatorPorts,
  options: CallOptions = {},
): Promise<readonly ClockReading[]> {
  const call = { ...options, timeoutMs: QUESTION_TIMEOUT_MS };
  const readings = await Promise.all(
    everyNode(ports.ring).map(async (asked) => {
      const sentAt = ports.clock.now();
      const answer = await answerOrReason(options, () =>
        askNode(ports, asked, operations.READ_STATUS, null, call),
      );
      const answeredAt = ports.clock.now();
      if ('failure' in answer) return [];
      const offsetMs = answer.clockMs - (sentAt + answeredAt) / 2;
      return [{ ...asked, offsetMs, errorMs: (answeredAt - sentAt) / 2 }];
    }),
  );
  return readings.flat();
}

/** The nodes whose clock differs from the middle one of all of them and of this program. */
export function clockProblems(clocks: readonly ClockReading[]): readonly Problem[] {
  const sorted = [0, ...clocks.map(({ offsetMs }) => offsetMs)].sort((a, b) => a - b);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
  return clocks.flatMap(({ node, offsetMs, errorMs }) => {
    const off = offsetMs - middle;
    if (Math.abs(off) - errorMs <= CLOCK_OFF_MS_MAX) return [];
    const seconds = (Math.abs(off) / 1_000).toFixed(1);
    return [
      {
        node,
        what: `its clock is ${seconds} s ${off > 0 ? 'ahead of' : 'behind'} the others'`,
        hint: 'It opens, seals and erases windows by its own clock: let its computer set that from a time service.',
        passing: true,
      },
    ];
  });
}
