import type { SensorIdentity } from '../../sensor-client/identity.ts';
import { toHex } from '../../src/foundation/index.ts';
import type { DomainId } from '../../src/ring/index.ts';
import type { RingMember } from '../support/simulated-ring.ts';
import { createGateChecker, type GateChecker, type Members } from './checkers/gate.ts';
import { type ComputedWindow, digitsOf, type Fate } from './checkers/readings.ts';
import { createRosterWatch } from './checkers/roster-watch.ts';
import { START_MS } from './kernel/index.ts';
import type { Loss } from './losses.ts';
import type { SimulatedNode } from './node-process.ts';
import { type PlannedStreams, plannedScope, skewMsOf } from './planned.ts';
import type { SimulatedSensor } from './sensor-process.ts';

export interface GateWatch {
  readonly gate: GateChecker;
  /** A batch of the roster is signed now. */
  signed(sequence: number, now: number): void;
  /** A row of the table of documents has become durable. */
  stored(node: SimulatedNode, key: Uint8Array, now: number): void;
}

export interface GateWatchOptions extends PlannedStreams {
  readonly members: readonly RingMember[];
  readonly nodes: readonly SimulatedNode[];
  readonly identities: readonly SensorIdentity[];
  violation(what: string): void;
}

/** The checker GATE with what it has to know of the world. */
export function createGateWatch({
  plan,
  streams,
  members,
  nodes,
  identities,
  violation,
}: GateWatchOptions): GateWatch {
  const harmed = (domain: DomainId) =>
    nodes.some((node) => node.domain === domain && (node.harm.any || node.gone()));
  const ids = identities.map(({ sensorId }) => toHex(sensorId));
  const skewsOf = (domain: DomainId) =>
    members.flatMap((member, place) =>
      member.domain === domain ? [plan.skewsMs[place] ?? 0, plan.healedSkewsMs?.[place] ?? 0] : [],
    );
  const roster =
    plan.roster === undefined
      ? undefined
      : createRosterWatch({
          batches: plan.roster,
          nameOf: (sensor) => ids[sensor] ?? '',
          nodes: members,
          harmed,
          skewMs: (domain) => Math.min(...skewsOf(domain)),
          violation,
        });
  const gate = createGateChecker({
    ...(plan.gate === undefined ? {} : { gate: plan.gate }),
    ...(roster === undefined ? {} : { roster }),
    windows: plan.windows.map(({ notBeforeMs }, window) => ({
      scope: plannedScope({ plan, streams }, window),
      countedFrom: START_MS + notBeforeMs - skewMsOf(plan),
    })),
    domains: new Map(members.map(({ node, domain }) => [node, domain])),
    harmed,
    violation,
  });
  return {
    gate,
    signed: (sequence, now) => roster?.signed(sequence, now),
    stored({ node, rows }, key, now) {
      const batch = rows.acceptedAt(key);
      if (batch !== undefined) roster?.stored(node, batch.sequence, { ...batch, durableAt: now });
    },
  };
}

interface MembersFacts {
  readonly sensors: readonly SimulatedSensor[];
  readonly identities: readonly SensorIdentity[];
  readonly result: ComputedWindow | undefined;
  readonly lost: readonly Loss[];
}

/** Whose readings are in a window's result, or may be. */
export function membersOf({ sensors, identities, result, lost }: MembersFacts, window: number): Members {
  const digits = result === undefined || result.withheld === true ? undefined : digitsOf(result.sum);
  const losing = new Set(lost.map(({ entry }) => toHex(entry.sensorId)));
  const readings = sensors.flatMap((sensor) => sensor.readings()).filter((one) => one.window === window);
  const having = (has: (fate: Fate, exponent: number) => boolean): ReadonlySet<string> => {
    const found = identities.filter((_, number) =>
      readings.some(({ sensor, fate, exponent }) => sensor === number && has(fate, exponent)),
    );
    return new Set(found.map(({ sensorId }) => toHex(sensorId)));
  };
  const released = (exponent: number) => digits?.[exponent] === 1;
  const committed = having((fate) => fate === 'committed');
  return {
    // Of a window that tells nothing nobody says which of the lost readings it excludes.
    surely:
      digits === undefined
        ? new Set([...committed].filter((sensor) => !losing.has(sensor)))
        : having((_, exponent) => released(exponent)),
    possibly: having((fate, exponent) =>
      digits === undefined ? fate !== 'errored' && fate !== 'refused' : released(exponent),
    ),
    begun: having(() => true),
  };
}
