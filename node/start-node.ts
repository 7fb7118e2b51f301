import { EngineError, hasCode } from '../src/foundation/index.ts';
import type { TokenIssuer } from '../src/platform/index.ts';
import {
  createLinkTransport,
  cryptoRandomBytes,
  hostIn,
  nodeSealing,
  nodeVerifier,
  p256FromPem,
  systemClock,
} from '../src/platform/index.ts';
import type { Log, WindowKeys } from '../src/ports/index.ts';
import type { DomainId, NodeId, StoreId } from '../src/ring/index.ts';
import { publicKeyBytes } from '../src/ring/index.ts';
import { nodeStops } from './engine/node-stops.ts';
import type { HttpLimits, ListenAddress, Listener, Shedding, TlsIdentity } from './http/index.ts';
import { listenPublic } from './http/index.ts';
import { listenPeer } from './links/index.ts';
import type { NodePorts } from './node.ts';
import { openNode } from './node.ts';
import { checkOwnCertificates } from './own-certificates.ts';
import { openDataFolder } from './store/index.ts';

/**
 * Time for a stop in order, ms, from the signal on: for requests under way at both ports, and then for the disk. Correctness
 * does not depend on it.
 */
export const STOP_GRACE_MS = 13_000;

/** A node's settings with their files read. */
export interface StartNodeOptions {
  readonly nodeId: NodeId;
  readonly domain: DomainId;
  readonly storeId: StoreId;
  /** The ring document, JWS compact. */
  readonly ring: string;
  readonly dataFolder: string;
  readonly publicListen: ListenAddress;
  readonly peerListen: ListenAddress;
  readonly tls: TlsIdentity;
  readonly peerTls: TlsIdentity;
  /** PEM of the key that opens what sensors seal to the domain. */
  readonly sealingKey: string;
  /** The same of keys that the domain had before. */
  readonly formerSealingKeys?: readonly string[];
  /** Ed25519 public keys, base64url, of the enrolment authorities that this domain trusts. */
  readonly enrolmentAuthorities?: readonly string[];
  /** Serve streams that anybody may upload to; not by default. */
  readonly allowOpenEnrolment?: boolean;
  readonly minSensorsFloor?: number;
  /** An OpenID Connect issuer whose tokens this domain takes for operators'. */
  readonly tokenIssuer?: TokenIssuer;
  readonly log: Log;
  /** Other limits of the public port than those of docs/LIMITS.md. */
  readonly publicLimits?: Partial<HttpLimits>;
  readonly publicShedding?: Partial<Shedding>;
}

/** A node with its disk and both its ports open. */
export interface StartedNode {
  readonly publicOrigin: string;
  readonly peerOrigin: string;
  /** Resolves when the node serves; rejects when it is closed before. */
  readonly serving: Promise<void>;
  /** Resolves with the reason when the node can't go on and must be closed. */
  readonly stopped: Promise<Error>;
  /** Ports first, then the work under way, the disk last. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a node with its real ports from its settings.
 * @throws EngineError `INVALID_ARGUMENT`, `DATA_FOLDER_UNUSABLE`, `STORE_LOCKED`, `ADDRESS_IN_USE` and what
 * opening the ring document and the store throws
 */
export async function startNode(options: StartNodeOptions): Promise<StartedNode> {
  const { nodeId, domain, tls, peerTls, log } = options;
  const clock = systemClock();
  const sealingKey = p256FromPem(options.sealingKey);
  const closing: (() => Promise<void>)[] = [];
  let closed: Promise<void> | undefined;
  // Whoever closes a second time waits for the first, and does not end the program in the middle of it.
  const closeAll = (): Promise<void> => {
    closed ??= closeInOrder(closing.reverse());
    return closed;
  };
  try {
    const { store, windowKeys, doubt } = await openDataFolder(
      options.dataFolder,
      options.storeId,
      cryptoRandomBytes,
    );
    closing.push(() => store.close());
    let keyFailed = (_: Error): void => {};
    const keysStopped = new Promise<Error>((resolve) => {
      keyFailed = resolve;
    });
    const connect: NodePorts['connect'] = (targets) => {
      const peers = createLinkTransport({ targets, clientCertificate: peerTls });
      closing.push(() => peers.close());
      return peers;
    };
    const ports = {
      clock,
      randomBytes: cryptoRandomBytes,
      store,
      keys: stoppingKeys(windowKeys, keyFailed),
      connect,
      log,
      verifier: nodeVerifier,
      sealing: nodeSealing,
    };
    const { minSensorsFloor } = options;
    const node = await openNode(ports, {
      nodeId,
      domain,
      storeId: options.storeId,
      ring: options.ring,
      sealingKey,
      formerSealingKeys: (options.formerSealingKeys ?? []).map(p256FromPem),
      doubt,
      enrolmentAuthorities: options.enrolmentAuthorities ?? [],
      allowOpenEnrolment: options.allowOpenEnrolment ?? false,
      ...(minSensorsFloor === undefined ? {} : { minSensorsFloor }),
    });
    closing.push(() => node.close());
    const section = node.ring().domains.find((one) => one.domain === domain);
    const url = section?.nodes.find(({ id }) => id === nodeId)?.url;
    checkOwnCertificates(
      {
        ...{ domain, nodeId, tls, peerTls, nowMs: clock.now() },
        authority: section?.certificateAuthority,
        host: url === undefined ? undefined : hostIn(url),
      },
      log,
    );
    const listeners = await Promise.allSettled([
      listenPeer({
        address: options.peerListen,
        tls: peerTls,
        router: node.peerRouter,
        log,
        peers: node.peerDomains,
      }),
      listenPublic({
        address: options.publicListen,
        tls,
        router: node.publicRouter,
        log,
        clock,
        operatorKey: () => publicKeyBytes(node.ring().operatorKey),
        audience: domain,
        readiness: () => node.readiness(),
        ...(options.tokenIssuer === undefined ? {} : { tokenIssuer: options.tokenIssuer }),
        limits: options.publicLimits ?? {},
        shedding: options.publicShedding ?? {},
      }),
    ]);
    // Together: each waits as long as a request may take, and a supervisor not twice as long.
    closing.push(() => closeTogether(listeners));
    const [peer, open] = listeners.map(opened);
    if (peer === undefined || open === undefined) throw new EngineError('INTERNAL', 'a port did not open');
    return {
      publicOrigin: open.origin,
      peerOrigin: peer.origin,
      serving: node.serving,
      stopped: Promise.race([node.stopped, keysStopped]),
      close: closeAll,
    };
  } catch (error) {
    // Why it did not start says more than what then did not close.
    await closeAll().catch(() => {});
    throw error;
  }
}

async function closeTogether(listeners: readonly PromiseSettledResult<Listener>[]): Promise<void> {
  await Promise.all(listeners.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
}

/** All of them, also behind one that fails. @throws what the first that failed threw */
async function closeInOrder(closing: readonly (() => Promise<void>)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const close of closing) await close().catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

function opened(listener: PromiseSettledResult<Listener>): Listener {
  if (listener.status === 'rejected') throw listener.reason;
  return listener.value;
}

/** Without the key of a window its messages would fail one by one, on a disk that soon refuses everything else. */
function stoppingKeys(keys: WindowKeys, failed: (reason: Error) => void): WindowKeys {
  const stopping =
    <T>(act: (...name: Parameters<WindowKeys['create']>) => Promise<T>): typeof act =>
    (...name) =>
      act(...name).catch((cause: unknown) => {
        if (!hasCode(cause, 'STORE_FAILED')) throw cause;
        const error = nodeStops(cause);
        failed(error);
        throw error;
      });
  return { ...keys, create: stopping(keys.create), find: stopping(keys.find) };
}
