import type { Operator } from '../../operator-cli/operator/operator.ts';
import { equalBytes } from '../../src/foundation/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import type { RingDocument } from '../../src/ring/index.ts';
import { lostStoresOf, majority, nodeId } from '../../src/ring/index.ts';
import { fixedSensor } from '../support/fixed-sensor.ts';
import { createPacketOpener } from '../support/packet-opener.ts';
import {
  BATCH_READINGS,
  type FixedRing,
  fixedRing,
  fixedStream,
  type RingMember,
} from '../support/simulated-ring.ts';
import { AUTHORITY_KEY } from './authority-process.ts';
import { type BarrierChecker, createBarrierChecker } from './checkers/barrier.ts';
import { createCommitChecker } from './checkers/commits.ts';
import { createDecisionChecker, type DecisionChecker } from './checkers/decisions.ts';
import { createErasureChecker, type ErasureChecker } from './checkers/erasure.ts';
import { createExchangeChecker } from './checkers/exchanges.ts';
import { createExclusionChecker } from './checkers/exclusions.ts';
import { createFlagVoteChecker } from './checkers/flag-votes.ts';
import type { GateChecker, Members } from './checkers/gate.ts';
import { createOutputChecker, type OutputChecker } from './checkers/outputs.ts';
import { createQuorumChecker } from './checkers/quorums.ts';
import type { ComputedWindow } from './checkers/readings.ts';
import { createStandingChecks, type StandingChecks } from './checkers/standing.ts';
import { createDiskWatch } from './disk-watch.ts';
import { createGateWatch, membersOf } from './gate-watch.ts';
import type { Kernel } from './kernel/index.ts';
import { createLosses, type Losses } from './losses.ts';
import { createNetwork } from './network.ts';
import type { Network } from './network-types.ts';
import { createSimulatedNode, type SimulatedNode, storeIn } from './node-process.ts';
import { startOperator } from './operator-process.ts';
import { placementOf } from './placements.ts';
import type { Plan } from './plan.ts';
import {
  frozenFrom,
  graceMsOf,
  mayBeErased,
  type PlannedStreams,
  placedWindows,
  plannedStream,
  skewMsAt,
  streamNamed,
  targetOf,
} from './planned.ts';
import type { Sabotage } from './sabotage.ts';
import { createSealingKeys, type SealingKeys } from './sealing-keys.ts';
import { type SimulatedSensor, sensorName, startSensor } from './sensor-process.ts';
import { flushByTime, flushInto, uploadByTime, uploadInto } from './sensor-programs.ts';
import type { Residual } from './tolerance.ts';
import { createVoters } from './voters.ts';

/** Everything that takes part in one run. */
export interface World extends WorldReports, PlannedStreams {
  readonly kernel: Kernel;
  readonly ring: FixedRing;
  readonly network: Network;
  /** The keys that the domains' shares are sealed to. */
  readonly sealing: SealingKeys;
  readonly nodes: readonly SimulatedNode[];
  readonly sensors: readonly SimulatedSensor[];
  readonly operator: Operator;
  /** The first answer to COMPUTE of each window, by its place in the plan; every other must equal it. */
  readonly results: Map<number, ComputedWindow>;
  readonly standing: StandingChecks;
  readonly outputs: OutputChecker;
  readonly gate: GateChecker;
  readonly erasure: ErasureChecker;
  readonly decisions: DecisionChecker;
  readonly barrier: BarrierChecker;
  /** The ring documents that some node has taken, one after the other. */
  readonly rings: readonly RingDocument[];
  /** The operator makes the next ring document. */
  make(next: RingDocument): void;
  /** A node has taken the one made last. */
  take(next: RingDocument): void;
  /** Windows, by their place in the plan, that were erased before they had a result. */
  readonly erased: Set<number>;
  /** Hears of every batch of the roster when it is signed. */
  signed(sequence: number): void;
  membersOf(window: number): Members;
  /** Readings of which a domain has lost its share. */
  readonly losses: Losses;
  /** Windows, by their place in the plan, that ended without a result, and what took it from them. */
  readonly excused: Map<number, Residual>;
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
  const terms = {
    flagTimeoutMs: plan.flagTimeoutMs,
    maxExcluded: plan.maxExcluded ?? 0,
    fixedMs: plan.fixedMs,
    graceMs: graceMsOf(plan),
    gate: plan.gate,
    enrolled: plan.roster !== undefined,
    groups: plan.groups,
    retentionMs: plan.retentionMs,
    batches: plan.batches,
    moments: plan.moments,
    domains: plan.domains,
  };
  const streams = [await fixedStream(ring, terms)];
  if (plan.beside !== undefined)
    streams.push(await fixedStream(ring, { ...terms, ...plan.beside, name: 'beside' }));
  const planned = { plan, streams };
  const nodes: SimulatedNode[] = [];
  const sealing = createSealingKeys();
  const identities = Array.from({ length: plan.sensors }, (_, number) => fixedSensor(sensorName(number)));
  const { gate, ...roster } = createGateWatch({
    ...planned,
    members: membersOfPlan(plan, ring),
    nodes,
    identities,
    violation,
  });
  const standing = createStandingChecks(violation);
  const losses = createLosses(plan.batches === undefined ? 1 : BATCH_READINGS);
  const exclusions = createExclusionChecker(
    (scope, entry) => placedWindows(planned, scope).some((window) => losses.has(window, entry)),
    violation,
  );
  // Fixed windows that the plan does not name are opened and erased as well.
  const mayLackAll = (scope: WindowScope): boolean => {
    const windows = placedWindows(planned, scope);
    return windows.length === 0 || windows.some((window) => mayBeErased(plan, window, kernel.now()));
  };
  const erasure = createErasureChecker(nodes, majority(plan.shape.acceptors), mayLackAll, violation);
  const opener = createPacketOpener(
    (sensor) => identities.find(({ sensorId }) => equalBytes(sensorId, sensor))?.keys.publicKey,
    (hash) => streamNamed(streams, hash),
  );
  const outputs = createOutputChecker({ streams, opener, violation });
  const network = createNetwork(kernel, plan.network, {
    answered: (exchange) => {
      exchanges.answered(exchange);
      outputs.answered(exchange);
      gate.answered(exchange);
      erasure.answered(exchange);
      quorums.answered(exchange);
      commits.answered(exchange);
      decisions.answered(exchange);
      barrier.answered(exchange);
    },
    fault,
    site: (site, id) => {
      nodes.find(({ node }) => node === id)?.pass(site);
    },
  });
  const barrier = createBarrierChecker(violation);
  const commits = createCommitChecker(nodes, violation);
  const rings = [ring.document];
  const made = new Map([[ring.document.epoch, ring.document]]);
  const voters = createVoters({ streams, rings, has: barrier.holds });
  const quorums = createQuorumChecker({
    nodes,
    votersOf: voters.knownTo,
    declaredLost: (domain) => lostStoresOf({ documents: [...made.values()] }, domain),
    violation,
  });
  const decisions = createDecisionChecker({
    nodes,
    standing,
    acceptorsOf: (scope, by) => voters.knownTo(by, scope).map((all) => all.map(({ node }) => node)),
    forgot(scope, id) {
      const voter = storeIn(voters.placingOf(scope), nodeId(id));
      return voter !== undefined && nodes.some(({ node, harm }) => node === id && harm.forgotten.has(voter));
    },
    mayBeErased: mayLackAll,
    frozenFrom(scope, id) {
      const place = nodes.findIndex(({ node }) => node === id);
      return Math.max(...placedWindows(planned, scope).map((window) => frozenFrom(plan, window, place)));
    },
    violation,
  });
  const flagVotes = createFlagVoteChecker({ votersOf: voters.aboutFlags, violation });
  const diskWatch = createDiskWatch({
    kernel,
    planned,
    losses,
    standing,
    outputs,
    erasure,
    flagVotes,
    quorums,
    decisions,
    exclusions,
    commits,
    roster,
    barrier,
  });
  membersOfPlan(plan, ring).forEach((member, place) => {
    nodes.push(
      createSimulatedNode(member, {
        kernel,
        network,
        ring,
        document: ring.members.includes(member) ? ring.document : undefined,
        disk: plan.disk,
        skewMs: () => skewMsAt(plan, place, kernel.now()),
        sealing,
        rules: {
          minSensorsFloor: plan.gate?.floor ?? 1,
          enrolmentAuthorities: plan.roster === undefined ? [] : [AUTHORITY_KEY],
        },
        sabotage,
        changed: diskWatch,
        logged: (text) => outputs.logged(text),
        fault,
        violation,
      }),
    );
  });
  const exchanges = createExchangeChecker({
    nodes,
    streams,
    opener,
    standing,
    placementOf: (epoch) => placementOf(made.get(epoch) ?? ring.document),
    voterOf: (epoch, node) => storeIn(made.get(epoch), nodeId(node)),
    mayBeErased: (scope) =>
      placedWindows(planned, scope).some((window) => mayBeErased(plan, window, kernel.now())),
    violation,
  });
  const sensors = Array.from({ length: plan.sensors }, (_, number) =>
    startSensor({
      kernel,
      network,
      ring,
      number,
      death: plan.faults.filter((one) => one.kind === 'sensor death').find((one) => one.sensor === number),
      streamOf: (window) => plannedStream(planned, window).hash,
      target: (window) => targetOf(plan, window),
      batches: plan.batches !== undefined,
      recorded: plan.batches?.recorded === true,
      byTime: plan.fixedMs !== undefined,
      moments: plan.moments === true,
      drawing: sabotage.drawing ?? ((random) => random),
      program: sabotage.upload ?? (plan.fixedMs === undefined ? uploadInto : uploadByTime),
      flushing: plan.fixedMs === undefined ? flushInto : flushByTime,
      identities,
      told: (text) => outputs.logged(text),
      fault,
      violation,
    }),
  );
  const operator = startOperator(kernel, network, ring);
  const results = new Map<number, ComputedWindow>();
  return {
    ...planned,
    kernel,
    ring,
    network,
    sealing,
    nodes,
    sensors,
    operator,
    results,
    standing,
    outputs,
    gate,
    erasure,
    decisions,
    barrier,
    rings,
    make(next) {
      made.set(next.epoch, next);
      barrier.made(next);
    },
    take: (next) => void rings.push(next),
    erased: new Set(),
    signed: (sequence) => roster.signed(sequence, kernel.now()),
    membersOf: (window) =>
      membersOf({ sensors, identities, result: results.get(window), lost: losses.of(window) }, window),
    losses,
    excused: new Map(),
    neverOpened: new Set(),
    ...reports,
  };
}

/** All nodes there will ever be; those that domains get later come last, so that places keep their numbers. */
export function membersOfPlan({ ringChanges = [] }: Plan, { members }: FixedRing): readonly RingMember[] {
  const all = [...members];
  for (const { kind, node } of ringChanges) {
    const domain = members[node]?.domain;
    if (kind !== 'grow' || domain === undefined) continue;
    const number = all.filter((member) => member.domain === domain).length + 1;
    all.push({ domain, node: nodeId(`${domain}-${number}`) });
  }
  return all;
}
