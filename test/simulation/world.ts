import type { Operator } from '../../operator-cli/operator/operator.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { createPlacement, type WindowId, windowId } from '../../src/ring/index.ts';
import { type FixedRing, fixedRing, fixedStream } from '../support/simulated-ring.ts';
import { createExchangeChecker, type ExchangeChecker } from './checkers/exchanges.ts';
import { createOutputChecker, type OutputChecker } from './checkers/outputs.ts';
import type { ComputedWindow } from './checkers/readings.ts';
import { type Kernel, START_MS } from './kernel/index.ts';
import { createNetwork } from './network.ts';
import type { Network } from './network-types.ts';
import { createSimulatedNode, type SimulatedNode } from './node-process.ts';
import { OPERATOR_NAME, startOperator } from './operator-process.ts';
import type { Plan } from './plan.ts';
import type { Sabotage } from './sabotage.ts';
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
  });
  const nodes: SimulatedNode[] = [];
  const outputs = createOutputChecker({ stream, violation });
  const network = createNetwork(kernel, plan.network, {
    answered: (exchange) => {
      exchanges.answered(exchange);
      outputs.answered(exchange);
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
        sabotage,
        stored: (node, table, key) => outputs.stored(node, table, key),
        logged: (text) => outputs.logged(text),
        fault,
        violation,
      }),
    );
  });
  const placement = createPlacement(ring.document);
  const exchanges = createExchangeChecker({ nodes, stream, placement, violation });
  const sensors = Array.from({ length: plan.sensors }, (_, number) =>
    startSensor({
      kernel,
      network,
      ring,
      stream: stream.hash,
      number,
      death: plan.faults.filter((one) => one.kind === 'sensor death').find((one) => one.sensor === number),
      windowStart: (window) => plannedWindowId(plan, window),
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

/** The id of a window of the plan. */
export function plannedWindowId(plan: Plan, window: number): WindowId {
  return windowId(START_MS + (plan.windows[window]?.openMs ?? 0));
}

/** How many places a plan can number. */
export function placesOf({ nodes, plan }: World): number {
  return nodes.length + plan.sensors + 1;
}

/** The name in the network of a place that a plan numbers: nodes, then sensors, then the operator. */
export function placeName({ nodes, plan }: World, place: number): string {
  const node = nodes[place];
  if (node !== undefined) return node.node;
  const sensor = place - nodes.length;
  return sensor < plan.sensors ? sensorName(sensor) : OPERATOR_NAME;
}
