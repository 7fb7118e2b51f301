import { EngineError, hasCode } from '../../src/foundation/index.ts';
import { runAuthority } from './authority-process.ts';
import { checkReadings, checkSettled, type ReadingRecord } from './checkers/readings.ts';
import { checkSameRows, computeOnce, noteErased, PLANNED_WAIT_MS } from './compute.ts';
import { excusedFor, finishWindows } from './finishing.ts';
import { checkDoubts } from './harm.ts';
import { createKernel, START_MS, simulatedClock, startLife } from './kernel/index.ts';
import { QUIET_NETWORK } from './network-types.ts';
import type { Plan, PlannedOperation } from './plan.ts';
import {
  healedSkewMsOf,
  mayBeErased,
  plannedGroup,
  plannedScope,
  plannedStream,
  plannedWindowId,
} from './planned.ts';
import { erasedAt } from './planned-windows.ts';
import { changeRing, declareLosses } from './ring-process.ts';
import type { Sabotage } from './sabotage.ts';
import { scheduleFault } from './schedule-fault.ts';
import { awaitSeals } from './self-sealing.ts';
import type { Residual } from './tolerance.ts';
import { buildWorld, type World } from './world.ts';

export interface RunReport {
  readonly seed: number;
  readonly events: number;
  readonly simulatedMs: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly readings: readonly ReadingRecord[];
  /** Windows that ended without a result, as a residual permits. */
  readonly incomplete: number;
  /** Untold windows by what kept them from being told. */
  readonly untold: Readonly<Partial<Record<Hindrance, number>>>;
  /** Windows by what was told of them. */
  readonly windows: Readonly<Record<Told, number>>;
  /** Committed readings that released windows leave out. */
  readonly excluded: number;
  readonly violations: readonly string[];
  /** Hash over everything that happened. */
  readonly trace: string;
}

/** `excluding`: released over fewer readings than were committed. */
type Told = 'released' | 'excluding' | 'withheld' | 'erased' | 'untold';

/** `unfinished` is a violation, or the end of a run that had one. */
type Hindrance = Residual | 'never opened' | 'unfinished';

export interface RunOptions {
  readonly sabotage?: Sabotage;
  /** Hears every event. */
  readonly listener?: (line: string) => void;
  /** Simulated time in which everything must come to a result once faults have ended, ms. */
  readonly livenessMs?: number;
  /** A violation with which the run ends: whoever looks for one learns nothing of what follows, and what is broken may go on for long. */
  readonly endsWith?: (violation: string) => boolean;
}

/** What `livenessMs` is where nobody says. */
const LIVENESS_MS = 1_800_000;
/** More violations of one run say nothing new. */
const VIOLATIONS_MAX = 50;
/** Pause before an operator tries again what was refused, ms. */
const PAUSE_MS = 1_000;
/** Time in which every node must have erased what is past its retention, ms. */
const ERASING_MS = 60_000;

type Sleep = (ms: number) => Promise<void>;

/** Runs a plan to its end and says what went wrong. Never throws for what happens inside. */
export async function runPlan(plan: Plan, options: RunOptions = {}): Promise<RunReport> {
  const kernel = createKernel(`run ${plan.seed}`, options.listener);
  const faults: Record<string, number> = {};
  const violations: string[] = [];
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const violation = (what: string) => {
    if (violations.length < VIOLATIONS_MAX && !violations.includes(what)) violations.push(what);
    kernel.trace.note(kernel.now(), `VIOLATION ${what}`);
    if (options.endsWith?.(what)) end();
  };
  const fault = (kind: string) => {
    faults[kind] = (faults[kind] ?? 0) + 1;
  };
  let world: World | undefined;
  const stray = (error: unknown) => violation(`a promise was rejected and nobody listened: ${textOf(error)}`);
  process.on('unhandledRejection', stray);
  try {
    world = await buildWorld(plan, kernel, options.sabotage ?? {}, {
      violation,
      fault,
      broken: () => violations.length > 0,
    });
    await kernel.runUntil(
      Promise.race([live(world), ended]),
      (options.livenessMs ?? LIVENESS_MS) + plan.quietMs,
    );
  } catch (error) {
    violation(`LIVENESS: ${textOf(error)}`);
  } finally {
    process.off('unhandledRejection', stray);
  }
  return {
    seed: plan.seed,
    events: kernel.events(),
    simulatedMs: kernel.now() - START_MS,
    faults,
    readings: world?.sensors.flatMap((sensor) => sensor.readings()) ?? [],
    incomplete: [...(world?.excused.keys() ?? [])].filter(
      (window) => toldOfWindow(window, world) === 'untold',
    ).length,
    windows: toldOf(plan, world),
    untold: untoldOf(plan, world),
    excluded: [...(world?.results.values() ?? [])].reduce((sum, { excluded }) => sum + excluded, 0),
    violations,
    trace: kernel.trace.digest(),
  };
}

function toldOf({ windows }: Plan, world: World | undefined): RunReport['windows'] {
  const told = { released: 0, excluding: 0, withheld: 0, erased: 0, untold: 0 };
  for (const window of windows.keys()) {
    told[toldOfWindow(window, world)] += 1;
  }
  return told;
}

function untoldOf({ windows }: Plan, world: World | undefined): RunReport['untold'] {
  const untold: Partial<Record<Hindrance, number>> = {};
  for (const window of windows.keys()) {
    if (toldOfWindow(window, world) !== 'untold') continue;
    const never = world?.neverOpened.has(window) === true ? 'never opened' : 'unfinished';
    const why = world?.excused.get(window) ?? never;
    untold[why] = (untold[why] ?? 0) + 1;
  }
  return untold;
}

function toldOfWindow(window: number, world: World | undefined): Told {
  const result = world?.results.get(window);
  if (result === undefined) return world?.erased.has(window) === true ? 'erased' : 'untold';
  if (result.withheld === true) return 'withheld';
  return result.excluded > 0 ? 'excluding' : 'released';
}

/** The story of a run: faults and work at once, then quiet, in which everything has to come to its end. */
async function live(world: World): Promise<void> {
  const { plan, kernel, nodes, sensors, results, violation } = world;
  const clock = simulatedClock(kernel, startLife('story'));
  const sleep: Sleep = (ms) => clock.sleep(ms);
  for (const node of nodes) node.start();
  const opened = publish(world, sleep);
  const changed = changeRing(world, sleep);
  for (const fault of plan.faults) scheduleFault(world, fault);
  for (const operation of plan.operations) scheduleOperation(world, operation);
  await sleep(plan.quietMs);

  world.network.setFaults(QUIET_NETWORK);
  for (const node of nodes) {
    node.disarm();
    node.disk.mend();
    node.start();
  }
  await changed;
  await declareLosses(world, sleep);
  // Where votes are lost a window may never open; whoever waits for it must not wait for ever.
  await Promise.race([opened, excusedFor(world, sleep)]);
  for (const sensor of sensors) await sensor.idle();
  await awaitSeals(world, sleep);
  await finishWindows(world, sleep);
  const resultless = (window: number) => world.excused.has(window) || world.erased.has(window);
  // What was handed to a relay for a window that never opened may be set for all the sensor knows, and nobody decides it.
  const undecided = (window: number) =>
    resultless(window) || world.neverOpened.has(window) || mayBeErased(plan, window, kernel.now());
  for (const sensor of sensors) await sensor.askUnknown(undecided);
  for (const window of plan.windows.keys())
    if (!world.neverOpened.has(window)) await computeOnce(world, window, PLANNED_WAIT_MS);
  await checkResults(world);
  if (plan.retentionMs !== undefined) await checkErased(world, sleep);
  checkDoubts(world);
  world.standing.atEnd();
  world.outputs.atEnd();
  world.gate.atEnd(world.membersOf);
  const readings = sensors.flatMap((sensor) => sensor.readings());
  for (const wrong of checkReadings(readings, results, resultless)) violation(wrong);
  for (const wrong of checkSettled(readings, settledFlags(world))) violation(wrong);
}

/** By window, where any node knows of a settlement, how many flags it has. */
function settledFlags(world: World): ReadonlyMap<number, number> {
  const found = [...world.plan.windows.keys()].map(
    (window) => [window, world.decisions.settledFlags(plannedScope(world, window))] as const,
  );
  return new Map(found.flatMap(([window, flags]) => (flags === undefined ? [] : [[window, flags]])));
}

/** The stream at its nodes, and every window opened at its time, however often the network fails. */
async function publish(world: World, sleep: Sleep): Promise<void> {
  const { plan, streams, operator, kernel } = world;
  if (plan.roster !== undefined) void runAuthority({ ...world, batches: plan.roster, signed: world.signed });
  const put = streams.map((stream) => insist(() => operator.putStream(stream.jws), sleep));
  if (plan.fixedMs !== undefined) return void (await Promise.all(put));
  await Promise.all(
    plan.windows.map(async ({ openMs, notBeforeMs, latestMs, stream = 0, group = 1 }, window) => {
      await put[stream];
      // Whoever opens a window opens it for every label.
      if (group > 1) return;
      await sleep(Math.max(0, START_MS + openMs - kernel.now()));
      const terms = {
        window: plannedWindowId(plan, window),
        notBefore: START_MS + notBeforeMs,
        latest: START_MS + latestMs,
      };
      await insist(() => operator.openWindow(plannedStream(world, window), terms), sleep).catch(
        (error: unknown) => {
          if (!hasCode(error, 'WINDOW_ERASED')) throw error;
          // For every label: what did not open by then never will.
          for (const [place, one] of plan.windows.entries())
            if (one.openMs === openMs && (one.stream ?? 0) === stream) noteErased(world, place);
        },
      );
    }),
  );
}

/** @throws EngineError of a refusal that no repetition would change */
async function insist(act: () => Promise<unknown>, sleep: Sleep): Promise<void> {
  for (;;) {
    try {
      await act();
      return;
    } catch (error) {
      if (!(error instanceof EngineError) || !error.retry) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** ERASED: past its retention nothing of a window is left anywhere, and what was told of it is told again. */
async function checkErased(world: World, sleep: Sleep): Promise<void> {
  const { plan, kernel, nodes } = world;
  const { retentionMs = 0 } = plan;
  const last = Math.max(...plan.windows.map((window) => erasedAt(plan, retentionMs, window)));
  await sleep(Math.max(0, START_MS + last + healedSkewMsOf(plan) + ERASING_MS - kernel.now()));
  for (const window of plan.windows.keys()) {
    const scope = plannedScope(world, window);
    for (const node of nodes) if (!node.gone()) world.erasure.checkGone(node, scope);
  }
  await checkResults(world);
}

/** All at once: one after the other, nodes in doubt that need not have a row would take longer than a run has. */
async function checkResults(world: World): Promise<void> {
  await Promise.all([...world.results.keys()].map((window) => checkSameRows(world, window)));
}

function scheduleOperation(world: World, operation: PlannedOperation): void {
  const { kernel, plan, sensors, operator, violation } = world;
  const act = async (): Promise<void> => {
    const { window } = operation;
    if (operation.kind === 'upload') sensors[operation.sensor]?.upload(operation.exponent, window);
    else if (operation.kind === 'flush') sensors[operation.sensor]?.flush(operation);
    else if (operation.kind === 'compute') await computeOnce(world, window, PLANNED_WAIT_MS);
    else {
      const group = plannedGroup(plan, window);
      const stream = plannedStream(world, window);
      await operator.seal(stream, plannedWindowId(plan, window), { group, waitMs: PLANNED_WAIT_MS });
    }
  };
  const failed = (error: unknown) => {
    // What an operator is refused while things go wrong is not a fault; what a program did not foresee is.
    if (!(error instanceof EngineError)) violation(`${operation.kind} fails with ${textOf(error)}`);
  };
  kernel.schedule(`operation ${operation.kind}`, operation.atMs, () => void act().catch(failed));
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
