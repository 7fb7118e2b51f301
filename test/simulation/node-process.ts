import type { NodeHandle } from '../../node/node.ts';
import { openNode } from '../../node/node.ts';
import { nodeVerifier } from '../../src/platform/ed25519.ts';
import type { Log } from '../../src/ports/index.ts';
import type { FixedRing, RingMember } from '../support/simulated-ring.ts';
import { createDiskRows, type DiskRows } from './checkers/disk-rows.ts';
import { createDisk, type DiskSettings, type DiskSite, type SimulatedDisk } from './disk.ts';
import { endLife, type Kernel, type Life, simulatedClock, startLife } from './kernel/index.ts';
import type { Network, NetworkSite } from './network-types.ts';
import type { Sabotage } from './sabotage.ts';
import { createKeys } from './window-keys.ts';

/** A cloud computer: its disk and keys stay, its processes come and go. */
export interface SimulatedNode extends RingMember {
  readonly disk: SimulatedDisk;
  /** What is on the disk, opened with the node's keys. */
  readonly rows: DiskRows;
  running(): boolean;
  /** What answers at the moment, once the process has started up. */
  handle(): NodeHandle | undefined;
  /** Starts a process on what is on the disk; nothing where one runs. */
  start(): void;
  /** SIGKILL. The next process starts after `downMs`. */
  crash(downMs: number): void;
  /** SIGTERM: waits for the node to close, then as `crash`. */
  stop(downMs: number): void;
  /** The process ends the next time it passes the site. */
  arm(site: DiskSite | NetworkSite, downMs: number): void;
  /** Forgets the sites where it was to end. */
  disarm(): void;
  /** Called by whoever passes a site; says whether the process has ended there. */
  pass(site: DiskSite | NetworkSite): boolean;
}

export interface NodeSurroundings {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly ring: FixedRing;
  readonly disk: Omit<DiskSettings, 'crashAt'>;
  readonly skewMs: number;
  readonly sabotage: Sabotage;
  fault(kind: string): void;
  /** Something that must not happen whatever else does. */
  violation(what: string): void;
}

/** How long a stop in order waits for the requests under way, ms. */
const DRAIN_MS = 5_000;
/** Time after which a stop in order is no longer waited for, ms. */
const STOP_MS_MAX = 30_000;

export function createSimulatedNode(member: RingMember, surroundings: NodeSurroundings): SimulatedNode {
  const { kernel, network, ring, sabotage, violation } = surroundings;
  const { node, domain } = member;
  const armed = new Map<DiskSite | NetworkSite, number>();
  const disk = createDisk(kernel, node, { ...surroundings.disk, crashAt: pass });
  const keys = createKeys(kernel, node);
  let runs = 0;
  let life: Life | undefined;
  let handle: NodeHandle | undefined;

  function start(): void {
    if (life?.alive) return;
    runs += 1;
    const mine = startLife(`${node}#${runs}`);
    life = mine;
    handle = undefined;
    const store = disk.open(mine);
    const ports = {
      clock: simulatedClock(kernel, mine, surroundings.skewMs),
      randomBytes: kernel.random.fork(mine.name).bytes,
      store: sabotage.store?.(store) ?? store,
      keys: keys.open(mine),
      peers: network.transport({ life: mine, name: node, caller: { kind: 'peer', domain, node } }),
      log: logOf(mine),
      verifier: nodeVerifier,
    };
    const settings = { nodeId: node, domain, ring: ring.document.jws, operatorKey: ring.operatorKey };
    openNode(ports, settings).then(
      (opened) => {
        if (!mine.alive) return;
        handle = opened;
        network.listen(node, {
          life: mine,
          publicRouter: sabotage.publicRouter?.(opened.publicRouter, member) ?? opened.publicRouter,
          peerRouter: opened.peerRouter,
        });
        void opened.stopped.then((reason) => {
          if (mine.alive) violation(`${node} stopped by itself: ${reason.message}`);
        });
      },
      (error: unknown) => {
        if (mine.alive) violation(`${node} does not start again: ${String(error)}`);
      },
    );
  }

  /** A node in a world without damaged disks has nothing to report as an error. */
  function logOf(mine: Life): Log {
    const note = (level: string) => (message: string) =>
      kernel.trace.note(kernel.now(), `${mine.name} ${level}: ${message}`);
    return {
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: (message, fields) => {
        if (mine.alive) violation(`${mine.name} logs an error: ${message} ${JSON.stringify(fields ?? {})}`);
      },
    };
  }

  function end(mine: Life, downMs: number): void {
    if (!mine.alive) return;
    endLife(mine);
    handle = undefined;
    kernel.schedule(`${node} restarts`, downMs, start);
  }

  function pass(site: DiskSite | NetworkSite): boolean {
    const downMs = armed.get(site);
    if (downMs === undefined || life?.alive !== true) return false;
    armed.delete(site);
    surroundings.fault(`crash at ${site}`);
    end(life, downMs);
    return true;
  }

  return {
    ...member,
    disk,
    rows: createDiskRows(disk, keys),
    running: () => life?.alive === true,
    handle: () => handle,
    start,
    crash(downMs) {
      if (life?.alive !== true) return;
      surroundings.fault('crash');
      end(life, downMs);
    },
    stop(downMs) {
      const mine = life;
      const closing = handle;
      if (mine?.alive !== true || closing === undefined) return;
      surroundings.fault('stop');
      kernel.schedule(`${node} is killed`, STOP_MS_MAX, () => end(mine, downMs));
      const drained = Promise.race([network.leave(node), simulatedClock(kernel, mine).sleep(DRAIN_MS)]);
      drained
        .then(() => closing.close())
        .then(
          () => end(mine, downMs),
          (error: unknown) => violation(`${node} does not close: ${String(error)}`),
        );
    },
    arm(site, downMs) {
      armed.set(site, downMs);
    },
    disarm: () => armed.clear(),
    pass,
  };
}
