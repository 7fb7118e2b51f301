import { EngineError, hasCode } from '../../src/foundation/index.ts';
import type { ComputeAnswer } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { shareIndex } from '../../src/protocol/stream-document.ts';
import { callOperation } from '../../src/rounds/call-operation.ts';
import { BATCH_READINGS } from '../support/simulated-ring.ts';
import { type ComputedWindow, checkResult } from './checkers/readings.ts';
import { checkFurtherSums } from './further-fields.ts';
import { simulatedClock, startLife } from './kernel/index.ts';
import type { SimulatedNode } from './node-process.ts';
import { mayBeErased, plannedGroup, plannedScope, plannedStream, plannedWindowId } from './planned.ts';
import { mayLackRow } from './tolerance.ts';
import type { World } from './world.ts';

/** How long COMPUTE waits inside a plan, ms. */
export const PLANNED_WAIT_MS = 20_000;
/** Answers that an audit asks one node for, and the pause between two, ms. */
const AUDIT_ATTEMPTS_MAX = 20;
const AUDIT_PAUSE_MS = 2_000;
const NOTHING = { readings: 0, committed: 0, excluded: 0, sum: 0n } as const;
/** Errors after which the same question may have an answer, or the window never opened. */
const NO_ANSWER: readonly string[] = ['UNKNOWN_STREAM', 'WINDOW_NOT_OPEN', 'STREAM_REFUSED'];

/**
 * COMPUTE through the operator's program. Whatever comes is checked at once; an answer that is none yet leaves
 * `undefined`.
 */
export async function computeOnce(
  world: World,
  window: number,
  waitMs: number,
): Promise<ComputedWindow | undefined> {
  const { operator, plan, losses, kernel, violation } = world;
  let computed: ComputedWindow;
  try {
    const outcome = await operator.compute(plannedStream(world, window), plannedWindowId(plan, window), {
      group: plannedGroup(plan, window),
      waitMs,
    });
    if (outcome.kind === 'incomplete') {
      if (outcome.reason === '') violation(`EXACT: window ${window} is INCOMPLETE without a reason`);
      kernel.trace.note(kernel.now(), `window ${window} is INCOMPLETE: ${outcome.reason}`);
      return undefined;
    }
    if (outcome.kind === 'withheld') {
      // Which domain was heard first may differ from time to time; that nothing is told may not.
      computed = { ...NOTHING, window, withheld: true, text: 'withheld' };
    } else {
      const sum = outcome.fields[0]?.statistics.sum;
      if (sum?.denominator !== 1n) violation(`EXACT: window ${window} has no whole sum`);
      const { settled } = outcome;
      const size = plan.batches === undefined ? 1 : BATCH_READINGS;
      const [readings, committed, excluded] = [outcome.readings, outcome.committed, outcome.excluded].map(
        // A part of a batch would be no whole number, which no sum has.
        (count) => count / size,
      ) as [number, number, number];
      const text = `${settled} ${readings} ${committed} ${excluded} ${outcome.sums.join(' ')}`;
      computed = { window, readings, committed, excluded, sum: sum?.numerator ?? 0n, text };
      if (plan.moments === true)
        for (const wrong of checkFurtherSums(computed, outcome.sums, outcome.readings - readings))
          violation(wrong);
    }
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    if (error.code === 'WINDOW_ERASED') {
      noteErased(world, window);
      return undefined;
    }
    if (saysNeverOpened(error)) {
      checkNeverOpened(world, window);
      return undefined;
    }
    if (!error.retry && !NO_ANSWER.includes(error.code)) {
      violation(`EXACT: COMPUTE of window ${window} fails with ${error.code}: ${error.message}`);
    }
    return undefined;
  }
  for (const wrong of checkResult(computed, losses.readings(window))) violation(wrong);
  // Said by a clock that is ahead, or by nodes that could not be asked before the others came back.
  world.neverOpened.delete(window);
  const first = world.results.get(window);
  if (first === undefined) {
    kernel.trace.note(kernel.now(), `window ${window} has a result`);
    world.results.set(window, computed);
  } else if (first.text !== computed.text) {
    violation(`EXACT: window ${window} was ${first.text} and then ${computed.text}`);
  }
  return computed;
}

/** A window that is past its retention has no result any more, and needs none. */
export function noteErased({ plan, kernel, erased, violation }: World, window: number): void {
  erased.add(window);
  if (!mayBeErased(plan, window, kernel.now()))
    violation(`ERASED: window ${window} is called erased too early`);
}

/** A fixed window that nobody asked for while all its acceptors were away stays closed, and with it empty. */
export function saysNeverOpened(error: unknown): boolean {
  return (
    error instanceof EngineError &&
    error.code === 'WINDOW_SEALED' &&
    error.message.endsWith('before any node opened it')
  );
}

function checkNeverOpened({ sensors, neverOpened, results, violation }: World, window: number): void {
  const readings = sensors.flatMap((sensor) => sensor.readings());
  const committed = readings.find((reading) => reading.window === window && reading.fate === 'committed');
  if (committed !== undefined)
    violation(`EXACT: window ${window} never opened, as a node says, and has reading ${committed.exponent}`);
  if (results.has(window)) violation(`EXACT: window ${window} had a result and never opened, as a node says`);
  neverOpened.add(window);
}

/**
 * LIVENESS: every node of a domain answers a released window, and the checker of the gate compares their bytes. All
 * are asked at once: one after the other, nodes that need not have a row would take longer than a run has.
 */
export async function checkSameRows(world: World, window: number): Promise<void> {
  const { gate, kernel, violation } = world;
  const stream = plannedStream(world, window);
  const nodes = world.nodes.filter(({ domain }) => shareIndex(stream, domain) !== undefined);
  const present = nodes.filter(({ gone }) => !gone());
  const told = await Promise.all(present.map((node) => auditNode(world, window, node)));
  const answered = new Set(present.filter((_, place) => told[place]).map(({ domain }) => domain));
  for (const domain of new Set(nodes.map((one) => one.domain))) {
    const harmed = nodes.some((one) => one.domain === domain && (one.harm.any || one.gone()));
    if (gate.told(domain, window) && !harmed && !answered.has(domain))
      violation(`GATE: domain ${domain} has forgotten what it told of window ${window}`);
  }
  kernel.trace.note(kernel.now(), `window ${window} is audited`);
}

/** Whether the node answers the window's row, which it has to where nothing excuses it; asked twice. */
async function auditNode(world: World, window: number, simulated: SimulatedNode): Promise<boolean> {
  const { node } = simulated;
  const { kernel, network, violation } = world;
  const life = startLife(`auditor-${window}-${node}`);
  const caller = { kind: 'operator', scopes: ['compute'], subject: 'auditor' } as const;
  const transport = network.transport({ life, name: life.name, caller });
  const question = plannedScope(world, window);
  const ask = (): Promise<ComputeAnswer> =>
    callOperation(transport, node, operations.COMPUTE, question, { timeoutMs: 60_000 });
  const clock = simulatedClock(kernel, life);
  let problem = '';
  for (let answers = 0, attempt = 0; answers < 2; attempt++) {
    if (attempt >= AUDIT_ATTEMPTS_MAX) {
      if (!mayLackRow(world, window, simulated))
        violation(`LIVENESS: ${node} has no row of the released window ${window}: ${problem}`);
      return answers > 0;
    }
    const answer = await ask().catch(
      (error: unknown) => ({ status: 'FAILED', error, reason: String(error) }) as const,
    );
    if (answer.status === 'ROW') answers += 1;
    else if ('error' in answer && hasCode(answer.error, 'WINDOW_ERASED')) {
      // What this node did not know when it erased, another of its domain has.
      noteErased(world, window);
      return answers > 0;
    } else {
      // Work that began while things went wrong may still be under way, and fail for all who wait for it.
      problem = answer.reason;
      await clock.sleep(AUDIT_PAUSE_MS);
    }
  }
  return true;
}
