import { EngineError } from '../../src/foundation/index.ts';
import type { WithheldReason } from '../../src/protocol/gate.ts';
import { gateVerdict } from '../../src/protocol/gate.ts';
import type { SensorId, SensorsResponse } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import type { RosterHead } from '../../src/protocol/roster-messages.ts';
import { partition } from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId, RingDocument } from '../../src/ring/index.ts';
import { majority } from '../../src/ring/index.ts';
import type { CallPeer } from '../engine/peers.ts';
import { silence } from '../engine/peers.ts';
import type { Rings } from '../engine/rings.ts';
import type { HeldRows } from './holding.ts';
import type { Roster } from './roster.ts';
import type { RosterSpread } from './roster-spread.ts';
import { sensorName } from './sensor-census.ts';
import { isPublic } from './tell.ts';
import type { OpenWindowRecord } from './windows.ts';

export interface GateComponents {
  readonly rings: Rings;
  readonly roster: Pick<Roster, 'find'>;
  readonly rosterSpread: Pick<RosterSpread, 'date' | 'fetch'>;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
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

/** The sensors of a window in distinct ids: with a share at this domain, and with a reading in T minus X. */
interface FoundSensors {
  readonly held: number;
  readonly included: readonly SensorId[];
}

export function createGate(components: GateComponents): Gate {
  const { rings, roster, rosterSpread, self, minSensorsFloor, callPeer } = components;

  const replicasIn = ({ domains }: RingDocument): number =>
    domains.find(({ domain }) => domain === self.domain)?.replicas ?? 1;

  /** Whether rows may lie at a node that does not own them, which brings them to their owners and deletes them. */
  function mayMove({ scope }: OpenWindowRecord): boolean {
    const { ring, nodesOf } = rings.of(scope);
    return nodesOf(self.domain).length > replicasIn(ring);
  }

  /**
   * How many nodes may be silent: every share that was acknowledged while no more were has a copy at another one,
   * and the ledger decides without them. A lost store is one of them, whatever has taken its place: what others held
   * with it has one copy less. Nodes that came later hold nothing of the window.
   */
  function silentMax({ scope }: OpenWindowRecord): number {
    const { ring, nodesOf, lostVotersOf } = rings.of(scope);
    const nodes = nodesOf(self.domain).length;
    return Math.min(replicasIn(ring) - 1, nodes - majority(nodes)) - lostVotersOf(self.domain).length;
  }

  /** Asks every node of the domain whose store is not declared lost, all of them but those that may be silent. */
  async function askAll(
    record: OpenWindowRecord,
    mayBeSilent: (node: NodeId) => boolean,
    ask: (node: NodeId) => Promise<void>,
  ): Promise<void> {
    let silent = 0;
    const askOne = async (node: NodeId): Promise<void> => {
      try {
        await ask(node);
      } catch (error) {
        silence(error);
        silent += 1;
        if (!mayBeSilent(node) || silent > silentMax(record)) throw error;
      }
    };
    await Promise.all(rings.of(record.scope).livingNodesOf(self.domain).map(askOne));
  }

  /** The same of the other nodes alone. */
  const askOthers = (record: OpenWindowRecord, ask: (node: NodeId) => Promise<void>): Promise<void> =>
    askAll(
      record,
      () => true,
      async (node) => (node === self.nodeId ? undefined : ask(node)),
    );

  /**
   * The sensors of the whole domain: every node is asked, because a hint may lie at any of them; and once more after all have
   * answered, because one may have come to its owners behind their answers and be gone by that of the node that had it.
   */
  async function find(
    record: OpenWindowRecord,
    { standing, nodes }: Extract<HeldRows, { kind: 'held' }>,
  ): Promise<FoundSensors> {
    const held = new Set<string>();
    const included = new Map<string, SensorId>();
    const standingOf = (node: NodeId) =>
      standing.find((found) => nodes[found.node] === node)?.partitions ?? [];
    const ask = async (node: NodeId): Promise<void> => {
      for await (const page of pagesOf(record, node, standingOf(node))) {
        for (const { sensor, included: counts } of page) {
          const name = sensorName(sensor);
          held.add(name);
          if (counts) included.set(name, sensor);
        }
      }
    };
    for (let left = mayMove(record) ? 2 : 1; left > 0; left--)
      await askAll(record, (node) => standingOf(node).length === 0, ask);
    return { held: held.size, included: [...included.values()] };
  }

  function verdictOf(record: OpenWindowRecord, { held, included }: FoundSensors): WithheldReason | null {
    const accepted = included.filter((sensor) => isAccepted(record, sensor)).length;
    return gateVerdict(record.stream, minSensorsFloor, { accepted, included: included.length, held });
  }

  /** The batches that enrolled sensors behind the window's start, as far as this node knows. */
  function lateBatches({ stream, scope }: OpenWindowRecord, { included }: FoundSensors): RosterHead[] {
    const late = new Map<string, RosterHead>();
    if (stream.enrolment === 'open') return [];
    for (const sensor of included) {
      const found = roster.find(stream, sensor);
      if (found.kind !== 'accepted' || found.acceptedAt <= scope.window) continue;
      late.set(`${found.batch.authority}/${found.batch.sequence}`, found.batch);
    }
    return [...late.values()];
  }

  /** Whether nobody has told this node that some of the sensors were enrolled. */
  const hasUnknown = ({ stream }: OpenWindowRecord, { included }: FoundSensors): boolean =>
    stream.enrolment !== 'open' && included.some((sensor) => roster.find(stream, sensor).kind === 'unknown');

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
      const found = await find(record, held);
      const verdict = verdictOf(record, found);
      if (verdict !== 'TOO_FEW_SENSORS') return verdict;
      // A node that stood still, or whose store is new, may not have heard of a sensor, or later than its domain did.
      if (hasUnknown(record, found)) await askOthers(record, (node) => rosterSpread.fetch(node));
      const late = lateBatches(record, found);
      if (late.length > 0)
        await askOthers(record, (node) => rosterSpread.date(node, late, record.scope.window));
      return verdictOf(record, found);
    },
  };
}
