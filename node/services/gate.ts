import { EngineError } from '../../src/foundation/index.ts';
import type { GateCounts, WithheldReason } from '../../src/protocol/gate.ts';
import { gateVerdict } from '../../src/protocol/gate.ts';
import type { SensorId, SensorsResponse } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { partition } from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { HeldRows } from './holding.ts';
import type { Roster } from './roster.ts';
import { sensorName } from './sensor-census.ts';
import { isPublic } from './tell.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface GateComponents {
  readonly rings: Rings;
  readonly roster: Pick<Roster, 'find'>;
  readonly self: { readonly domain: DomainId };
  /** The domain's own least number of sensors, from its settings. */
  readonly minSensorsFloor: number;
  readonly callPeer: CallPeer;
}

/**
 * The disclosure gate: whether this domain, by what its own nodes hold and whom it has itself accepted, may release
 * its sum over T minus X. Nothing that other domains or the operator say goes into it.
 */
export interface Gate {
  /**
   * Null where the window may be released.
   * @throws EngineError `INCOMPLETE` while so many nodes of the domain are silent that a share may be theirs alone
   */
  check(record: OpenWindowRecord, held: Extract<HeldRows, { kind: 'held' }>): Promise<WithheldReason | null>;
}

export function createGate({ rings, roster, self, minSensorsFloor, callPeer }: GateComponents): Gate {
  /**
   * How many nodes may be silent: every share that was acknowledged while no more were has a copy at another one,
   * and the ledger decides without them. A lost store is one of them, whatever has taken its place: what others held
   * with it has one copy less. Nodes that came later hold nothing of the window.
   */
  function silentMax({ scope }: OpenWindowRecord): number {
    const { ring, nodesOf, lostVotersOf } = rings.of(scope);
    const replicas = ring.domains.find(({ domain }) => domain === self.domain)?.replicas ?? 1;
    const nodes = nodesOf(self.domain).length;
    return Math.min(replicas - 1, nodes - majority(nodes)) - lostVotersOf(self.domain).length;
  }

  /** The sensors of the whole domain: every node is asked, because a hint may lie at any of them. */
  async function count(
    record: OpenWindowRecord,
    { standing, nodes }: Extract<HeldRows, { kind: 'held' }>,
  ): Promise<GateCounts> {
    const sensors = new Map<string, boolean>();
    let accepted = 0;
    let included = 0;
    const note = ({ sensor, included: counts }: SensorsResponse['sensors'][number]): void => {
      const name = sensorName(sensor);
      const before = sensors.get(name);
      if (before === undefined) sensors.set(name, counts);
      if (!counts || before === true) return;
      sensors.set(name, true);
      included += 1;
      if (isAccepted(record, sensor)) accepted += 1;
    };
    let silent = 0;
    const ask = async (node: NodeId): Promise<void> => {
      const own = standing.find((found) => nodes[found.node] === node)?.partitions ?? [];
      try {
        for await (const page of pagesOf(record, node, own)) for (const one of page) note(one);
      } catch (error) {
        silence(error);
        silent += 1;
        if (own.length > 0 || silent > silentMax(record)) throw error;
      }
    };
    await Promise.all(rings.of(record.scope).livingNodesOf(self.domain).map(ask));
    return { accepted, included, held: sensors.size };
  }

  async function* pagesOf(
    record: OpenWindowRecord,
    node: NodeId,
    partitions: Extract<HeldRows, { kind: 'held' }>['standing'][number]['partitions'],
  ): AsyncGenerator<SensorsResponse['sensors']> {
    const context = rings.contextOf(record.scope);
    const excluded = record.exclusion?.value.excluded ?? [];
    let from = partition(0);
    for (;;) {
      const request = { context, partitions, excluded, from };
      const { sensors, next } = await callPeer(node, operations.SENSORS, request);
      yield sensors;
      if (next === null) return;
      // A node that names a partition twice would be asked for ever.
      if (next <= from) throw new EngineError('INCOMPLETE', `node ${node} lists its sensors without an end`);
      from = next;
    }
  }

  function isAccepted({ stream, scope }: OpenWindowRecord, sensor: SensorId): boolean {
    if (stream.enrolment === 'open') return true;
    const standing = roster.find(stream, sensor);
    // One who came after the first readings were there may have come because of them.
    return standing.kind === 'accepted' && standing.acceptedAt <= scope.window;
  }

  return {
    async check(record, held) {
      if (isPublic(rings, record)) return null;
      return gateVerdict(record.stream, minSensorsFloor, await count(record, held));
    },
  };
}
