import { afterAll, beforeAll, describe, expect } from 'vitest';
import { flagsRequestCodec } from '../../src/protocol/flag-messages.ts';
import type { Operation } from '../../src/protocol/index.ts';
import { BINARY_CONTENT, errorFromProblem, operations } from '../../src/protocol/index.ts';
import { callOperation } from '../../src/rounds/index.ts';
import { badInput, expectCode, TIMEOUT } from '../support/bad-input.ts';
import { type ClusterClient, connectCluster, localCluster } from '../support/cluster-client.ts';
import { expectForeignCertificatesRefused } from '../support/foreign-certificates.ts';
import { peerConnection } from '../support/peer-connection.ts';
import { type RealNodes, startRealNodes } from '../support/real-nodes.ts';

let client: ClusterClient;
let nodes: RealNodes;

beforeAll(async () => {
  const material = await localCluster(3, 1);
  nodes = await startRealNodes(material);
  client = await connectCluster(material);
});

afterAll(async () => {
  await client?.close();
  await nodes?.close();
});

const { refused, expectProblem, call, nodeOf, tokenOf } = badInput(() => client);

describe('a node lets nobody use', () => {
  refused('an operation of the operator without a token for its scope and domain', async ({ window }) => {
    const { stream } = client;
    const question = { stream: stream.hash, window, group: 0 };
    const terms = { stream: stream.hash, window, notBefore: window, latest: window };
    const asked: readonly (readonly [string, (token?: string) => Promise<unknown>])[] = [
      ['compute', (token) => call(nodeOf(0), operations.COMPUTE, question, token)],
      ['seal', (token) => call(nodeOf(0), operations.SEAL, question, token)],
      ['streams', (token) => call(nodeOf(0), operations.OPEN_WINDOW, terms, token)],
      ['streams', (token) => call(nodeOf(0), operations.PUT_STREAM, { document: stream.jws }, token)],
      ['status', (token) => call(nodeOf(0), operations.READ_STATUS, null, token)],
      ['status', (token) => call(nodeOf(0), operations.AUDIT, null, token)],
    ];
    for (const [scope, ask] of asked) {
      const others = ['compute', 'seal', 'streams', 'status'].filter((other) => other !== scope);
      await expectCode(ask(), 'UNAUTHENTICATED');
      await expectCode(ask(await tokenOf(0, ...others)), 'FORBIDDEN');
      await expectCode(ask(await tokenOf(0)), 'FORBIDDEN');
      await expectCode(ask(await tokenOf(1, scope)), 'UNAUTHENTICATED');
      await expectCode(ask('a.b.c'), 'UNAUTHENTICATED');
    }
    return undefined;
  });

  refused('an operation among nodes on the public port, whatever token comes along', async () => {
    const token = await tokenOf(0, 'compute', 'streams', 'seal', 'status');
    for (const { path, audience } of Object.values(operations)) {
      if (audience !== 'peer' && audience !== 'domain') continue;
      await expectProblem(nodeOf(0), { path, token }, 'UNKNOWN_OPERATION');
    }
  });

  refused('an operation made from shares as a node of another domain', async ({ window, raw }) => {
    const peer = peerConnection(nodes, client.material, nodeOf(1));
    try {
      const context = raw('1').flagsRequest.context;
      const ask = <Q, R>(operation: Operation<Q, R>, request: Q) =>
        callOperation(peer, nodeOf(0), operation, request, TIMEOUT);
      const fromShares = Object.values<Pick<Operation<never, never>, 'audience' | 'path'>>(operations).filter(
        ({ audience }) => audience === 'domain',
      );
      expect(fromShares.length).toBeGreaterThanOrEqual(3);
      for (const { path } of fromShares) {
        const body = flagsRequestCodec.encode(raw('1').flagsRequest);
        const answer = await peer.send(
          nodeOf(0),
          { method: 'POST', path, body, contentType: BINARY_CONTENT },
          TIMEOUT,
        );
        expect(errorFromProblem(answer.status, answer.body, answer.contentType).code).toBe('FORBIDDEN');
      }
      const sum = { context, partitions: [], excluded: [] };
      await expectCode(ask(operations.SUM, sum), 'FORBIDDEN');
      await expectCode(ask(operations.HELD, { context, partitions: [] }), 'FORBIDDEN');
      const ballot = { counter: 0, proposer: 0 };
      const ledger = { context, decision: 'release', kind: 'read', ballot, value: null } as const;
      await expectCode(ask(operations.LEDGER, ledger), 'FORBIDDEN');
      await expectCode(ask(operations.SYNOD, ledger), 'FORBIDDEN');
      await expectCode(
        ask(operations.COMPUTE, { stream: client.stream.hash, window, group: 0 }),
        'UNKNOWN_OPERATION',
      );
    } finally {
      await peer.close();
    }
    return undefined;
  });

  refused('the peer port under a certificate of another domain, or of no domain', async () => {
    await expectForeignCertificatesRefused(nodes, client.material, nodeOf(0), nodeOf(2));
    return undefined;
  });
});
