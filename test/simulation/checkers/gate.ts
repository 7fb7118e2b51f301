import { equalBytes, fromBase64Url, toHex } from '../../../src/foundation/index.ts';
import type { ReleasedRow, WindowScope } from '../../../src/protocol/index.ts';
import { entriesOfKeys, operations, releasedRowCodec } from '../../../src/protocol/index.ts';
import type { DomainId } from '../../../src/ring/index.ts';
import type { Exchange } from '../network-types.ts';
import type { PlannedGate } from '../private-worlds.ts';
import type { RosterWatch } from './roster-watch.ts';

/** What a released or withheld row is judged by: what the world knows, and no node was asked for. */
export interface GateFacts {
  /** Absent in a world of public readings. */
  readonly gate?: PlannedGate;
  readonly windows: readonly GatedWindow[];
  /** Per node its domain. */
  readonly domains: ReadonlyMap<string, DomainId>;
  /** Domains whose disks have been harmed, or lack a node: what they hold, nobody can say. */
  harmed(domain: DomainId): boolean;
  /** Absent where anybody may upload. */
  readonly roster?: RosterWatch;
  violation(what: string): void;
}

export interface GatedWindow {
  readonly scope: WindowScope;
  /** Before this, Unix milliseconds, nobody can have counted anything, whatever the clocks show. */
  readonly countedFrom: number;
}

/** A window as messages name it. */
type Named = Readonly<Record<'window' | 'group', number>> & { readonly stream: string };

/** The sensors of a window, by the hex of their ids. */
export interface Members {
  /** Have a reading in the result for certain. */
  readonly surely: ReadonlySet<string>;
  /** Have one that may be in it. */
  readonly possibly: ReadonlySet<string>;
  /** Have begun to upload one. */
  readonly begun: ReadonlySet<string>;
}

/** GATE: every row of every domain that anybody was ever told. */
export interface GateChecker {
  answered(exchange: Exchange): void;
  /** Whether the domain's row of a window, by its place in the plan, was ever told. */
  told(domain: DomainId, window: number): boolean;
  atEnd(membersOf: (window: number) => Members): void;
}

export function createGateChecker(facts: GateFacts): GateChecker {
  const { gate, windows, domains, violation } = facts;
  const rows = new Map<string, { readonly bytes: Uint8Array; readonly row: ReleasedRow }>();
  /** Per domain and window the sensors whose share the domain has acknowledged. */
  const holding = new Map<string, Set<string>>();
  /** The same of shares that a second node has acknowledged: where three are, a gate may go on without one of them. */
  const copied = new Map<string, Set<string>>();
  const large = new Set(
    [...domains.values()].filter((domain, _, all) => all.filter((other) => other === domain).length > 2),
  );

  function placeOf({ stream, window, group }: Named): number {
    return windows.findIndex(
      ({ scope }) => scope.stream === stream && scope.window === window && scope.group === group,
    );
  }

  function watchCompute({ request, response }: Exchange, domain: DomainId): void {
    const asked = operations.COMPUTE.request.decode(request.body);
    const answer = operations.COMPUTE.response.decode(response.body);
    if (answer.status !== 'ROW') return;
    const bytes = fromBase64Url(answer.row);
    const row = releasedRowCodec.decode(bytes);
    const window = placeOf(asked);
    const name = `${domain}/${window}`;
    if (row.domain !== domain || placeOf(row) !== window) {
      violation(`GATE: domain ${domain} answers window ${window} with the row of something else`);
    }
    const known = rows.get(name) ?? { bytes, row };
    rows.set(name, known);
    if (!equalBytes(known.bytes, bytes)) {
      violation(`GATE: domain ${domain} released window ${window} in two versions`);
    }
  }

  function watchUpload({ request, response }: Exchange, domain: DomainId): void {
    const { context, packets } = operations.UPLOAD.request.decode(request.body);
    const answers = operations.UPLOAD.response.decode(response.body).packets;
    const held = heldIn(holding, `${domain}/${placeOf(context)}`);
    packets.forEach(({ readings, sensorId }, place) => {
      const { answer = 'PACKET_REFUSED', conflicts = [] } = answers[place] ?? {};
      const some = answer === 'STORED' || (answer === 'CONFLICT' && conflicts.length < readings.length);
      if (some) held.add(toHex(sensorId));
    });
  }

  function watchCopy({ request, response }: Exchange, domain: DomainId): void {
    const { context, keys } = operations.COPY.request.decode(request.body);
    const { conflicts } = operations.COPY.response.decode(response.body);
    const held = heldIn(copied, `${domain}/${placeOf(context)}`);
    entriesOfKeys(keys).forEach(({ sensorId }, place) => {
      if (!conflicts.includes(place)) held.add(toHex(sensorId));
    });
  }

  function judge(domain: DomainId, window: number, row: ReleasedRow, members: Members): void {
    const span = windows[window];
    const { surely, possibly, begun } = members;
    if (span === undefined) return;
    const said = `GATE: domain ${domain} has window ${window} ${row.verdict} ${row.reason}`.trimEnd();
    if (gate === undefined) {
      if (row.verdict !== 'RELEASED') violation(`${said}, but its readings are public`);
      return;
    }
    const least = Math.max(gate.minSensors, gate.floor);
    const held = heldIn(large.has(domain) ? copied : holding, `${domain}/${window}`).size;
    const { roster } = facts;
    if (row.verdict === 'RELEASED') {
      const counted = [...possibly].filter(
        (sensor) => roster?.possiblyAccepted(domain, sensor, span) ?? true,
      );
      if (counted.length < least) violation(`${said} with ${counted.length} sensors of at least ${least}`);
      if (!facts.harmed(domain) && possibly.size * 100 < held * gate.minCommittedPercent) {
        violation(`${said} with readings of ${possibly.size} of the ${held} sensors it holds shares of`);
      }
      return;
    }
    if (row.readings + row.flags + row.excluded + row.elements.length > 0)
      violation(`${said} and tells more`);
    if (row.reason === 'TOO_FEW_SENSORS') {
      const counted = [...surely].filter((sensor) => roster?.surelyAccepted(domain, sensor, span) ?? true);
      if (counted.length >= least) violation(`${said} with ${counted.length} sensors, ${least} are enough`);
    } else if (surely.size * 100 >= begun.size * gate.minCommittedPercent) {
      violation(`${said} with readings of ${surely.size} of at most ${begun.size} sensors`);
    }
  }

  return {
    answered(exchange) {
      const domain = domains.get(exchange.to);
      if (domain === undefined || exchange.response.status !== 200) return;
      if (exchange.request.path === operations.COMPUTE.path) watchCompute(exchange, domain);
      if (gate === undefined) return;
      if (exchange.request.path === operations.UPLOAD.path) watchUpload(exchange, domain);
      if (exchange.request.path === operations.COPY.path) watchCopy(exchange, domain);
    },
    told: (domain, window) => rows.has(`${domain}/${window}`),
    atEnd(membersOf) {
      for (const domain of new Set(domains.values())) {
        for (const window of windows.keys()) {
          const told = rows.get(`${domain}/${window}`);
          if (told !== undefined) judge(domain, window, told.row, membersOf(window));
        }
      }
    },
  };
}

function heldIn(sensors: Map<string, Set<string>>, name: string): Set<string> {
  const found = sensors.get(name) ?? new Set();
  sensors.set(name, found);
  return found;
}
