import type { NodeHandle, NodeSettings } from '../../node/node.ts';
import { openNode } from '../../node/node.ts';
import { nodeVerifier } from '../../src/platform/ed25519.ts';
import { nodeSealing } from '../../src/platform/node-sealing.ts';
import type { Log, LogFields, StoreOperation } from '../../src/ports/index.ts';
import type { NodeId, RingDocument, StoreId } from '../../src/ring/index.ts';
import type { FixedRing, RingMember } from '../support/simulated-ring.ts';
import { createDiskRows, type DiskRows } from './checkers/disk-rows.ts';
import { createDisk, type DiskCopy, type DiskSettings, type DiskSite, type SimulatedDisk } from './disk.ts';
import { endLife, type Kernel, type Life, pauseLife, simulatedClock, startLife } from './kernel/index.ts';
import type { Network, NetworkSite } from './network-types.ts';
import type { Sabotage } from './sabotage.ts';
import type { SealingKeys } from './sealing-keys.ts';
import { createKeys, type KeysCopy, type SimulatedKeys } from './window-keys.ts';

/** A cloud computer: its disk and keys stay, its processes come and go. */
export interface SimulatedNode extends RingMember {
  readonly disk: SimulatedDisk;
  /** What is on the disk, opened with the node's keys. */
  readonly rows: DiskRows;
  readonly keys: Pick<SimulatedKeys, 'peek' | 'flipBit'>;
  running(): boolean;
  /** What storage faults have taken from its disks behind its back. */
  readonly harm: Harm;
  /** The name of the store on its disk; undefined before it has a document. */
  storeId(): StoreId | undefined;
  copyFolder(): FolderCopy;
  /** Puts a copy of the data folder in the place of what is there; without one everything is lost. */
  restoreFolder(copy: FolderCopy | undefined): void;
  /** SIGSTOP, and SIGCONT after `forMs`. */
  pause(forMs: number): void;
  /** What answers at the moment, once the process has started up. */
  handle(): NodeHandle | undefined;
  /** How often its domain had renewed its sealing key when what answers was started. */
  sealings(): number;
  /** Starts a process on what is on the disk; nothing where one runs. */
  start(): void;
  /** The computer ends and never comes back; nothing where it is away at the moment. */
  leave(): void;
  /** Whether it is not there: for ever, or because it has no document yet. */
  gone(): boolean;
  /** Gives the node the ring document to start with, and with it the name of its store. */
  give(document: RingDocument): void;
  /** The computer ends with all it has, if it has not ended before; another one in its place waits for a document. */
  lose(): void;
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

/** A node's data folder at one moment. */
export interface FolderCopy {
  readonly disk: DiskCopy;
  readonly keys: KeysCopy;
  readonly storeId: StoreId | undefined;
}

export interface Harm {
  /** Something on the disk is not what the node wrote. */
  any: boolean;
  /** Stores of the node that have forgotten votes, or are gone: they must never vote again. */
  readonly forgotten: Set<StoreId>;
  /** Stores that may call themselves in doubt, or not: what was harmed is no vote, or is read by nobody. */
  readonly doubtful: Set<StoreId>;
}

export interface NodeSurroundings {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly ring: FixedRing;
  /** The ring document that the node is started with; absent where it has none yet. */
  readonly document: RingDocument | undefined;
  readonly disk: Omit<DiskSettings, 'crashAt'>;
  /** How far its clock is off at the moment, ms. */
  skewMs(): number;
  /** The keys that the domains' shares are sealed to. */
  readonly sealing: SealingKeys;
  /** What its domain asks for by its own settings. */
  readonly rules: Pick<NodeSettings, 'enrolmentAuthorities' | 'minSensorsFloor'>;
  readonly sabotage: Sabotage;
  /** Hears of every row that becomes durable on its disk, or is deleted. */
  changed(node: SimulatedNode, operation: StoreOperation): void;
  /** Hears of every line of the node's log. */
  logged(text: string): void;
  fault(kind: string): void;
  /** Something that must not happen whatever else does. */
  violation(what: string): void;
}

/** How long a stop in order waits for the requests under way, ms. */
const DRAIN_MS = 5_000;
/** Time after which a stop in order is no longer waited for, ms. */
const STOP_MS_MAX = 30_000;
/** How long a service manager waits before it starts a node again that stopped by itself, ms. */
const RESTART_MS = 1_000;
/** Time in which a node must have noticed that its disk refused a write, ms. */
const NOTICE_MS = 10_000;
/** What a node may report as an error, once its disk was harmed. */
const HARM_REPORTS: readonly string[] = [
  'a row on disk does not authenticate',
  'the store is in doubt and will not vote again',
  'a stored stream document does not verify',
];

export function createSimulatedNode(member: RingMember, surroundings: NodeSurroundings): SimulatedNode {
  const { kernel, network, ring, sabotage, violation } = surroundings;
  const { node, domain } = member;
  const armed = new Map<DiskSite | NetworkSite, number>();
  const disk = createDisk(kernel, node, {
    ...surroundings.disk,
    crashAt: pass,
    onChange: (operation) => surroundings.changed(self, operation),
    onTorn: () => surroundings.fault('torn commit'),
  });
  const keys = createKeys(kernel, node);
  const harm: Harm = { any: false, forgotten: new Set(), doubtful: new Set() };
  let runs = 0;
  let gone = false;
  let document = surroundings.document;
  let storeId = storeIn(document, node);
  let life: Life | undefined;
  let handle: NodeHandle | undefined;
  let sealings = 0;

  function start(): void {
    if (gone || document === undefined || life?.alive) return;
    runs += 1;
    const mine = startLife(`${node}#${runs}`);
    life = mine;
    handle = undefined;
    disk.takeFailure();
    const store = disk.open(mine, () => refused(mine));
    const ports = {
      clock: simulatedClock(kernel, mine, surroundings.skewMs),
      randomBytes: kernel.random.fork(mine.name).bytes,
      store: sabotage.store?.(store) ?? store,
      keys: keys.open(mine),
      connect: () => network.transport({ life: mine, name: node, caller: { kind: 'peer', domain, node } }),
      log: logOf(mine),
      verifier: nodeVerifier,
      sealing: nodeSealing,
    };
    const renewals = surroundings.sealing.renewals(domain);
    const settings: NodeSettings = {
      nodeId: node,
      domain,
      ring: document.jws,
      ...(storeId === undefined ? {} : { storeId }),
      operatorKey: ring.operatorKey,
      ...surroundings.sealing.of(domain),
      allowOpenEnrolment: true,
      ...surroundings.rules,
    };
    openNode(ports, sabotage.settings?.(settings) ?? settings).then(
      (opened) => {
        if (!mine.alive) return;
        handle = opened;
        sealings = renewals;
        network.listen(node, {
          life: mine,
          publicRouter: sabotage.publicRouter?.(opened.publicRouter, member) ?? opened.publicRouter,
          peerRouter: sabotage.peerRouter?.(opened.peerRouter, member) ?? opened.peerRouter,
        });
        void opened.stopped.then((reason) => {
          if (!mine.alive) return;
          if (disk.takeFailure()) close(mine, opened, RESTART_MS);
          else violation(`${node} stopped by itself: ${reason.message}`);
        });
      },
      (error: unknown) => {
        if (!mine.alive) return;
        if (disk.takeFailure()) end(mine, RESTART_MS);
        else violation(`${node} does not start again: ${String(error)}`);
      },
    );
  }

  /** A service manager kills what does not stop in time. */
  function close(mine: Life, closing: NodeHandle, downMs: number): void {
    kernel.schedule(`${node} is killed`, STOP_MS_MAX, () => end(mine, downMs));
    closing.close().then(
      () => end(mine, downMs),
      (error: unknown) => violation(`${node} does not close: ${String(error)}`),
    );
  }

  /** Once its disk has refused a write, nothing a node says can be trusted to be on it. */
  function refused(mine: Life): void {
    surroundings.fault('refused commit');
    const check = (): void => {
      if (mine.alive && handle?.readiness().ready === true)
        violation(`${node} goes on after its disk refused a write`);
    };
    kernel.schedule(`${node} must have stopped`, NOTICE_MS, check, mine);
  }

  /** A node whose disk was not harmed has nothing to report as an error. */
  function logOf(mine: Life): Log {
    const note = (level: string) => (message: string, fields?: LogFields) => {
      kernel.trace.note(kernel.now(), `${mine.name} ${level}: ${message}`);
      surroundings.logged(`${message} ${JSON.stringify(fields ?? {})}`);
    };
    return {
      debug: note('debug'),
      info: note('info'),
      warn: note('warn'),
      error: (message, fields) => {
        note('error')(message, fields);
        if (harm.any && HARM_REPORTS.includes(message)) return;
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

  const self: SimulatedNode = {
    ...member,
    disk,
    rows: createDiskRows(disk, keys),
    keys,
    running: () => life?.alive === true,
    harm,
    storeId: () => storeId,
    copyFolder: () => ({ disk: disk.copy(), keys: keys.copy(), storeId }),
    restoreFolder(copy) {
      disk.restore(copy?.disk);
      keys.restore(copy?.keys);
      // The name of a store lies in its folder; an empty one is named by the document that the node was given.
      storeId = copy?.storeId ?? storeIn(document, node);
    },
    pause(forMs) {
      if (life?.alive !== true) return;
      surroundings.fault('pause');
      pauseLife(life, kernel.now() + forMs);
    },
    handle: () => handle,
    sealings: () => sealings,
    start,
    leave() {
      if (gone || life?.alive !== true) return;
      surroundings.fault('gone');
      gone = true;
      endLife(life);
      handle = undefined;
    },
    gone: () => gone || document === undefined,
    give(next) {
      document = next;
      storeId = storeIn(document, node);
    },
    lose() {
      if (life !== undefined) endLife(life);
      gone = false;
      handle = undefined;
      document = undefined;
      storeId = undefined;
      disk.restore(undefined);
      keys.restore(undefined);
    },
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
      const drained = Promise.race([network.leave(node), simulatedClock(kernel, mine).sleep(DRAIN_MS)]);
      void drained.then(() => close(mine, closing, downMs));
    },
    arm(site, downMs) {
      armed.set(site, downMs);
    },
    disarm: () => armed.clear(),
    pass,
  };
  return self;
}

/** The store that a document gives a node. */
export function storeIn(document: RingDocument | undefined, node: NodeId): StoreId | undefined {
  return document?.domains.flatMap(({ nodes }) => nodes).find(({ id }) => id === node)?.storeId;
}
