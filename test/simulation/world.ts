import type { Operator } from '../../operator-cli/operator/operator.ts';
import { equalBytes } from '../../src/foundation/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { createPlacement, type WindowId, windowId } from '../../src/ring/index.ts';
import { fixedSensor } from '../support/fixed-sensor.ts';
import { createPacketOpener } from '../support/packet-opener.ts';
import { type FixedRing, fixedRing, fixedStream } from '../support/simulated-ring.ts';
import { AUTHORITY_KEY, AUTHORITY_NAME } from './authority-process.ts';
import { createErasureChecker, type ErasureChecker } from './checkers/erasure.ts';
import { createExchangeChecker, type ExchangeChecker } from './checkers/exchanges.ts';
import type { GateChecker, Members } from './checkers/gate.ts';
import { createOutputChecker, type OutputChecker } from './checkers/outputs.ts';
import type { ComputedWindow } from './checkers/readings.ts';
import { createGateWatch, membersOf, SKEW_MS } from './gate-watch.ts';
import { type Kernel, START_MS } from './kernel/index.ts';
import { createNetwork } from './network.ts';
import type { Network } from './network-types.ts';
import { createSimulatedNode, type SimulatedNode } from './node-process.ts';
import { OPERATOR_NAME, startOperator } from './operator-process.ts';
import { erasedAt, type Plan } from './plan.ts';
import type { ReadingTarget, Sabotage } from './sabotage.ts';
import { type SimulatedSensor, sensorName, startSensor, uploadByTime, uploadInto } from './sensor-process.ts';

/** Everything that takes part in one run. */
export interface World extends WorldReports {
  readonly plan: Plan;
  readonly kernel: Kernel;
  readonly ring: FixedRing;
  readonly stream: StreamDocument;
  readonly network: Network;
  readonly nodes: readonly SimulatedNode[];
  readonly sensors: readonly SimulatedSensor[];
  readonly operator: Operator;
  /** The first answer to COMPUTE of each window, by its place in the plan; every other must equal it. */
  readonly results: Map<number, ComputedWindow>;
  readonly exchanges: ExchangeChecker;
  readonly outputs: OutputChecker;
  readonly gate: GateChecker;
  readonly erasure: ErasureChecker;
  /** Windows, by their place in the plan, that were erased before they had a result. */
  readonly erased: Set<number>;
  /** Hears of every batch of the roster when it is signed. */
  signed(sequence: number): void;
  membersOf(window: number): Members;
  /** Windows, by their place in the plan, that storage faults may keep from a result for ever, and why. */
  readonly excused: ReadonlyMap<number, string>;
  mayEndIncomplete(window: number, why: string): void;
  /** Windows that opened by themselves for nobody, because no node was there to be asked before they were to be sealed. */
  readonly neverOpened: Set<number>;
}

export interface WorldReports {
  violation(what: string): void;
  fault(kind: string): void;
  /** Whether anything has gone wrong so far. */
  broken(): boolean;
}

/** Windows in the order of the plan. Nothing has happened yet. */
export async function buildWorld(
  plan: Plan,
  kernel: Kernel,
  sabotage: Sabotage,
  reports: WorldReports,
): Promise<World> {
  const { violation, fault } = reports;
  const ring = await fixedRing(plan.shape);
  const stream = await fixedStream(ring, {
    flagTimeoutMs: plan.flagTimeoutMs,
    maxExcluded: 0,
    fixedMs: plan.fixedMs,
    graceMs: graceMsOf(plan),
    gate: plan.gate,
    enrolled: plan.roster !== undefined,
    groups: plan.groups,
    retentionMs: plan.retentionMs,
  });
  const nodes: SimulatedNode[] = [];
  const identities = Array.from({ length: plan.sensors }, (_, number) => fixedSensor(sensorName(number)));
  const { gate, ...roster } = createGateWatch({ plan, ring, nodes, identities, violation });
  const erasure = createErasureChecker(nodes, violation);
  const opener = createPacketOpener(
    (sensor) => identities.find(({ sensorId }) => equalBytes(sensorId, sensor))?.keys.publicKey,
  );
  const outputs = createOutputChecker({ stream, opener, violation });
  const network = createNetwork(kernel, plan.network, {
    answered: (exchange) => {
      exchanges.answered(exchange);
      outputs.answered(exchange);
      gate.answered(exchange);
      erasure.answered(exchange);
    },
    fault,
    site: (site, id) => {
      nodes.find(({ node }) => node === id)?.pass(site);
    },
  });
  ring.members.forEach((member, place) => {
    const skewMs = plan.skewsMs[place] ?? 0;
    nodes.push(
      createSimulatedNode(member, {
        kernel,
        network,
        ring,
        disk: plan.disk,
        skewMs,
        rules: {
          minSensorsFloor: plan.gate?.floor ?? 1,
          enrolmentAuthorities: plan.roster === undefined ? [] : [AUTHORITY_KEY],
        },
        sabotage,
        stored: (node, table, key) => {
          outputs.stored(node, table, key);
          erasure.stored(node, table, key, kernel.now());
          if (table === 'meta') roster.stored(node, key, kernel.now());
        },
        logged: (text) => outputs.logged(text),
        fault,
        violation,
      }),
    );
  });
  const placement = createPlacement(ring.document);
  const exchanges = createExchangeChecker({
    nodes,
    stream,
    opener,
    placement,
    mayBeErased: (scope) =>
      placedWindows(plan, scope).some((window) => mayBeErased(plan, window, kernel.now())),
    violation,
  });
  const sensors = Array.from({ length: plan.sensors }, (_, number) =>
    startSensor({
      kernel,
      network,
      ring,
      stream: stream.hash,
      number,
      death: plan.faults.filter((one) => one.kind === 'sensor death').find((one) => one.sensor === number),
      target: (window) => targetOf(plan, window),
      program: sabotage.upload ?? (plan.fixedMs === undefined ? uploadInto : uploadByTime),
      told: (text) => outputs.logged(text),
      fault,
      violation,
    }),
  );
  const operator = startOperator(kernel, network, ring);
  const results = new Map<number, ComputedWindow>();
  const excused = new Map<number, string>();
  return {
    plan,
    kernel,
    ring,
    stream,
    network,
    nodes,
    sensors,
    operator,
    results,
    exchanges,
    outputs,
    gate,
    erasure,
    erased: new Set(),
    signed: (sequence) => roster.signed(sequence, kernel.now()),
    membersOf: (window) => membersOf(sensors, results.get(window), window, identities),
    excused,
    neverOpened: new Set(),
    mayEndIncomplete: (window, why) => {
      if (!excused.has(window)) excused.set(window, why);
    },
    ...reports,
  };
}

function graceMsOf({ fixedMs, windows }: Plan): number {
  const [first] = windows;
  return fixedMs === undefined || first === undefined ? 0 : first.latestMs - first.openMs - fixedMs;
}

/** What the SDK is told of a window of the plan. */
function targetOf(plan: Plan, window: number): ReadingTarget {
  const label = plan.groups?.[plannedGroup(plan, window) - 1];
  return { window: plannedWindowId(plan, window), ...(label === undefined ? {} : { group: label }) };
}

/** The group of a window of the plan, as messages have it. */
export function plannedGroup(plan: Plan, window: number): number {
  return plan.windows[window]?.group ?? 0;
}

/** Whether some clock of the run may show that the window is past its retention. */
export function mayBeErased(plan: Plan, window: number, now: number): boolean {
  const { retentionMs } = plan;
  const planned = plan.windows[window];
  if (retentionMs === undefined || planned === undefined) return false;
  return now >= START_MS + erasedAt(plan, retentionMs, planned) - SKEW_MS;
}

/** The window of the plan that a message names, if it is one. */
function placedWindows(plan: Plan, scope: WindowScope): number[] {
  return [...plan.windows.keys()].filter(
    (window) => plannedWindowId(plan, window) === scope.window && plannedGroup(plan, window) === scope.group,
  );
}

/** The id of a window of the plan. */
export function plannedWindowId(plan: Plan, window: number): WindowId {
  return windowId(START_MS + (plan.windows[window]?.openMs ?? 0));
}

/** How many places a plan can number. */
export function placesOf({ nodes, plan }: World): number {
  return nodes.length + plan.sensors + (plan.roster === undefined ? 1 : 2);
}

/** The name in the network of a place that a plan numbers: nodes, then sensors, the operator, the authority. */
export function placeName({ nodes, plan }: World, place: number): string {
  const node = nodes[place];
  if (node !== undefined) return node.node;
  const sensor = place - nodes.length;
  if (sensor < plan.sensors) return sensorName(sensor);
  return sensor === plan.sensors ? OPERATOR_NAME : AUTHORITY_NAME;
}
