import { type RequestOptions, request } from 'node:https';
import { checkServerIdentity } from 'node:tls';
import { EngineError, systemReason, Type, validatorOf } from '../src/foundation/index.ts';
import { hostIn } from '../src/platform/host-in.ts';
import type { RingDocument } from '../src/ring/index.ts';
import type { NodeConfig } from './config.ts';
import type { Readiness } from './http/index.ts';
import { originOf } from './http/index.ts';

/** Longest wait for the node's answer, ms: less than any health checker waits for this program. */
export const HEALTH_TIMEOUT_MS = 5_000;
/** Longest answer that is read, in characters; a node gives a handful of short reasons. */
const ANSWER_CHARS_MAX = 16_384;

const READINESS = validatorOf(Type.Object({ ready: Type.Boolean(), reasons: Type.Array(Type.String()) }));

/**
 * Asks the node of these settings, on this computer, whether it serves. The connection goes to the port it
 * listens on, but its certificate must be its domain's and of the host the ring document names: another process
 * on that port would not be a healthy node.
 * @throws EngineError `UNREACHABLE`, `DEADLINE_EXCEEDED`, `RING_REFUSED` (the ring does not know the node)
 */
export async function askHealth(
  config: Pick<NodeConfig, 'domain' | 'nodeId' | 'publicListen'>,
  ring: RingDocument,
  timeoutMs: number = HEALTH_TIMEOUT_MS,
): Promise<Readiness> {
  const section = ring.domains.find(({ domain }) => domain === config.domain);
  const node = section?.nodes.find(({ id }) => id === config.nodeId);
  if (section === undefined || node === undefined) {
    throw new EngineError(
      'RING_REFUSED',
      `expected node ${config.nodeId} of domain ${config.domain} in the ring document, got none`,
    );
  }
  const host = hostIn(node.url);
  return ask({
    host: dialledHost(config.publicListen.host),
    port: config.publicListen.port,
    path: '/readyz',
    agent: false,
    ca: section.certificateAuthority,
    minVersion: 'TLSv1.3',
    checkServerIdentity: (_dialled, certificate) => checkServerIdentity(host, certificate),
    signal: AbortSignal.timeout(timeoutMs),
  });
}

function ask(options: RequestOptions): Promise<Readiness> {
  return new Promise((resolve, reject) => {
    const asking = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length > ANSWER_CHARS_MAX) response.destroy(new Error('too long an answer'));
      });
      response.on('end', () => resolve(readinessOf(text)));
      response.on('error', (error) => reject(failure(options, error)));
    });
    asking.on('error', (error) => reject(failure(options, error)));
    asking.end();
  });
}

/** An address that stands for every interface cannot be dialled everywhere; the loopback one always is among them. */
function dialledHost(listenHost: string): string {
  if (listenHost === '0.0.0.0') return '127.0.0.1';
  return listenHost === '::' ? '::1' : listenHost;
}

/** Anything else than a node's answer, such as the problem of a node that stops, is not ready. */
function readinessOf(text: string): Readiness {
  try {
    const answer: unknown = JSON.parse(text);
    if (READINESS.check(answer)) return answer;
  } catch {
    // No JSON: told below.
  }
  return { ready: false, reasons: ['expected an answer of /readyz, got another one'] };
}

function failure({ host, port }: RequestOptions, error: Error): EngineError {
  const node = `the node at ${originOf(String(host), Number(port))}`;
  if (error.name === 'TimeoutError' || error.cause instanceof DOMException) {
    return new EngineError('DEADLINE_EXCEEDED', `expected an answer of ${node} in time, got none`);
  }
  return new EngineError(
    'UNREACHABLE',
    `expected an answer of ${node}, got ${systemReason(error)}`,
    {},
    { cause: error },
  );
}
