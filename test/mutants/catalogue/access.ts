import type { Mutant } from '../mutant.ts';
import { byTest } from '../mutant.ts';

const ROUTER = 'node/engine/router.ts';

/** Who may ask for what. */
export const ACCESS_MUTANTS: readonly Mutant[] = [
  {
    name: 'access/second-ring-by-a-word',
    breaks: 'one node that says it has another ring document stops admission at all others',
    file: 'node/services/ring-fetch.ts',
    find: '    await ringStore.take((await callPeer(node, operations.READ_RINGS, { from }, signal)).rings);\n',
    replace: '    rings.stop(from + node + String(signal));\n',
    detector: byTest('node/services/hostile-peers', 'stops nobody by its word'),
  },
  {
    name: 'access/strangers-answered',
    breaks: 'a node of a domain that a stream does not name reads its K and its flags, and votes in it',
    file: 'node/services/serve.ts',
    find: "if (caller.kind === 'peer' && shareIndex(stream, caller.domain) !== undefined) return caller.domain;",
    replace: "if (caller.kind === 'peer' && shareIndex(stream, caller.domain) !== -1) return caller.domain;",
    detector: byTest('node/services/hostile-peers', 'a node of a domain that the stream does not name'),
  },
  {
    name: 'access/other-domains-see-rows',
    breaks: 'ISOLATION: a node of another domain may ask for what is made from shares',
    file: ROUTER,
    find: "if (caller.kind !== 'peer' || caller.domain !== domain) {",
    replace: "if (caller.kind !== 'peer' || caller.domain === undefined) {",
    detector: byTest('node/engine/router', 'the peer port lets in to'),
  },
  {
    name: 'access/digest-over-values-leaves-the-domain',
    breaks:
      'ISOLATION: what the rows of a domain add up to, or which of T it holds, is told to other domains',
    file: 'src/protocol/operations.ts',
    find: "  'domain',\n  '/peer/v1/values/held',",
    replace: "  'peer',\n  '/peer/v1/values/held',",
    detector: byTest('src/protocol/operations', 'answers from shares inside a domain only'),
  },
  {
    name: 'access/scope-not-checked',
    breaks: 'a token for one purpose opens every operation of the operator',
    file: ROUTER,
    find: 'caller.scopes.some((held) => held === scope || ',
    replace: 'caller.scopes.some((held) => held !== scope || ',
    detector: byTest('node/engine/router', 'the public port lets in to'),
  },
  {
    name: 'access/scope-of-one-stream-opens-all',
    breaks: 'a token for one stream seals or computes every stream',
    file: ROUTER,
    find: "if (typeof stream === 'string' && caller.scopes",
    replace: "if (typeof stream === 'string' || caller.scopes",
    detector: byTest('node/engine/router', 'a scope that names a stream is refused for'),
  },
  {
    name: 'access/ledger-shown-to-other-domains',
    breaks: 'GATE: any node of the ring may read or vote in the ledger of a domain',
    file: 'node/services/serve.ts',
    find: "if (request.decision === 'release')",
    replace: "if (request.decision === 'release' && request.kind === 'prepare')",
    detector: byTest('node/services/decisions', 'a ledger answers its own domain only'),
  },
  {
    name: 'access/token-of-another-domain',
    breaks: 'a domain may use at another one the token it was shown',
    file: 'src/platform/operator-token.ts',
    find: 'audience: domain,',
    replace: '',
    detector: byTest('operator-cli/operator/tokens', 'are accepted by the domain they are for'),
  },
  {
    name: 'ring/earlier-placement-forgotten',
    breaks:
      'no invariant, but windows between two placements never open at a node that heard of both at once',
    file: 'node/engine/rings.ts',
    find: 'placements.slice(1).filter(({ placementEpoch }) => !forced.has(placementEpoch)),',
    replace: 'placements.slice(placements.indexOf(latestInForce()) + 1).slice(-1),',
    detector: byTest('node/services/ring-exchange', 'opens its windows also at a node that was away'),
  },
  {
    name: 'access/stale-ring-document-taken',
    breaks: 'a message that was placed by another ring document is carried out',
    file: 'node/engine/rings.ts',
    find: 'if (context.epoch === newest.epoch && context.placementEpoch === placementEpoch) return;',
    replace: 'if (context.epoch <= newest.epoch) return;',
    detector: byTest('node/services/flag-acceptor', 'a message under another ring document is refused'),
  },
  {
    name: 'ring/promise-after-a-vote',
    breaks: 'ONE-OUTCOME: a node promises a placement although it has voted in one of its windows',
    file: 'node/services/ring-store.ts',
    find: 'const promises = mayPromise && (await votedWindow(components, ring.placementFrom)) === null;',
    replace: 'const promises = mayPromise;',
    detector: byTest('node/services/ring-exchange', 'gets no promise from a node that has voted'),
  },
  {
    name: 'ring/late-document-stops-admission',
    breaks:
      'no invariant, but a refused document that arrives behind the one in its place stops the ring for ever',
    file: 'node/services/ring-store.ts',
    find: '      check?.(ring);\n',
    replace: '',
    detector: byTest('node/services/ring-exchange', 'stops nothing where it was refused'),
  },
  {
    name: 'ring/new-store-votes-in-old-windows',
    breaks: 'ONE-OUTCOME: a store that took the place of a lost one votes where that one had voted',
    file: 'node/engine/rings.ts',
    find: 'if (listed === undefined || listed.storeId === self.storeId) return;',
    replace: 'if (listed === undefined || listed.storeId.length > 0) return;',
    detector: byTest('node/services/ring-exchange', 'leaves its node votes in later windows only'),
  },
  {
    name: 'access/link-judged-once',
    breaks: 'a node that a newer ring document has dropped goes on calling over its old link',
    file: 'node/links/peer-port.ts',
    find: 'if (judgement?.peers !== now)',
    replace: 'if (judgement === null)',
    detector: byTest('node/links/peer-port', 'judges a kept connection again'),
  },
  {
    name: 'access/authority-known-by-name-only',
    breaks: "ISOLATION: an authority that took another domain's name makes nodes of that domain",
    file: 'node/links/peer-certificate.ts',
    find: 'if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey)) {',
    replace: 'if (!certificate.checkIssued(authority)) {',
    detector: byTest('node/links/peer-port', 'refuses a certificate of an authority that only has the name'),
  },
  {
    name: 'access/called-node-not-identified',
    breaks: 'ISOLATION: what is meant for one node is told to another one with a certificate of the ring',
    file: 'src/platform/client-link.ts',
    find: 'if (found?.domain !== target.pool || found.node !== nodeId) {',
    replace: 'if (found === undefined) {',
    detector: byTest('node/links/links', 'the peer port of another node, of another domain or of none'),
  },
];
