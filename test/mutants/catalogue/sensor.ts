import type { Mutant } from '../mutant.ts';
import { byModel, bySimulation, byTest } from '../mutant.ts';

const READING = 'sensor-client/upload-reading.ts';
const ROUND = 'src/rounds/upload.ts';
const FLUSH = 'src/rounds/flush.ts';
const FLUSH_CLIENT = 'sensor-client/flush.ts';

/** The SDK: one id is one split, and what is not known is not an outcome. */
export const SENSOR_MUTANTS: readonly Mutant[] = [
  {
    name: 'sensor/one-acceptor-says-error',
    breaks: 'EXACT: on the word of one acceptor that lies a reading gets a second id and counts twice',
    file: 'src/rounds/upload.ts',
    find: "if (second || acceptors === 1) return finish(state, { kind: 'errored' });",
    replace: "if (!second || acceptors === 1) return finish(state, { kind: 'errored' });",
    detector: byTest('src/rounds/upload', 'ERROR is believed when a second acceptor says it too'),
  },
  {
    name: 'sensor/new-id-after-unknown',
    breaks: 'EXACT: a reading whose outcome is not known is uploaded again under another id',
    file: READING,
    find: `    const out = await commitOne(committing, attempt, relay, leftMs, splits === 1, signal);`,
    replace: `    let out = await commitOne(committing, attempt, relay, () => leftMs() / 20, splits === 1, signal);
    if (out.kind === 'unknown') out = { kind: 'errored' };`,
    detector: byTest('sensor-client/sensor', 'any losses: committed means TRUE'),
  },
  {
    name: 'sensor/moves-reading-to-next-window',
    breaks: 'GATE: a reading refused by a sealed window is uploaded into the next one',
    file: READING,
    find: 'if (!free || splits === SPLITS_MAX || clock.now() >= endsAt)',
    replace: `if (out.kind === 'refused' && out.refusal.kind === 'error') {
      context.directory.forgetWindow(place.window);
      const next = await context.directory.window(place.group);
      return commitMeasured(context, { ...place, window: next }, measured, signal);
    }
    if (!free || splits === SPLITS_MAX || clock.now() >= endsAt)`,
    detector: byTest('sensor-client/directory', 'after a seal the next reading looks for the next window'),
  },
  {
    name: 'sensor/set-before-all-shares',
    breaks: 'EXACT: SET is sent while a domain has not acknowledged its share',
    file: ROUND,
    find: "stored.shares.every(({ awaits }) => awaits === '')",
    replace: "stored.shares.some(({ awaits }) => awaits === '')",
    detector: bySimulation(2),
  },
  {
    name: 'sensor/set-where-nobody-decides',
    breaks:
      'LIVENESS: a reading waits for acceptors that are away, although it was never SET and others are there',
    file: 'sensor-client/commit-split.ts',
    find: 'if (movable && !split.setSent && isStuck(context, split.key.window, partition))',
    replace: 'if (!movable && !split.setSent && isStuck(context, split.key.window, partition))',
    detector: byTest(
      'sensor-client/live-partitions',
      'where one node of every domain is away a reading that was never SET',
    ),
  },
  {
    name: 'sensor/flush-set-where-nobody-decides',
    breaks:
      'LIVENESS: a flush waits for acceptors that are away, although it was never SET and others are there',
    file: FLUSH_CLIENT,
    find: 'if (movable && isStuck({ directory, domains, silent }, window, partition))',
    replace: 'if (!movable && isStuck({ directory, domains, silent }, window, partition))',
    detector: byTest(
      'sensor-client/live-partitions',
      'where one node of every domain is away so do the readings',
    ),
  },
  {
    name: 'sensor/kept-back-after-set',
    breaks: 'EXACT: a reading whose SET may have been heard goes under another id, and counts twice',
    file: 'sensor-client/commit-split.ts',
    find: 'if (movable && !split.setSent && isStuck(context, split.key.window, partition))',
    replace: 'if (movable && isStuck(context, split.key.window, partition))',
    detector: byTest(
      'sensor-client/live-partitions',
      'where one node of every domain is away a reading whose SET',
    ),
  },
  {
    name: 'sensor/draws-where-nobody-decides',
    breaks:
      'LIVENESS: a sensor that knows which nodes are away puts half of its readings where nobody decides',
    file: 'sensor-client/homes.ts',
    find: 'const chosen = live ?? own[turn];',
    replace: 'const chosen = own[turn] ?? live;',
    detector: byTest('sensor-client/homes', 'has no partition of which too few acceptors answer'),
  },
  {
    name: 'sensor/flush-set-before-all-shares',
    breaks: 'EXACT: a flush is SET while a domain has not stored it',
    file: FLUSH,
    find: "stored.shares.every(({ awaits }) => awaits === '')",
    replace: "stored.shares.some(({ awaits }) => awaits === '')",
    detector: byTest('src/rounds/flush', 'the acceptors are asked after the last one has stored'),
  },
  {
    name: 'sensor/flush-true-on-one-vote',
    breaks: 'ONE-OUTCOME: the SDK takes the vote of one acceptor for the outcome',
    file: FLUSH,
    find: 'if (full >= quorum) return NONE;',
    replace: 'if (full >= 1) return NONE;',
    detector: byTest(
      'src/rounds/flush',
      'no order of answers, losses and refusals says TRUE without a quorum, or sets what is not stored everywhere',
    ),
  },
  {
    name: 'sensor/flush-forgets-that-it-set',
    breaks: 'EXACT: a reading that a flush has SET is told as "in no result", or gets another id',
    file: 'sensor-client/flush.ts',
    find: '    one.setSent = true;',
    replace: '',
    detector: byTest('sensor-client/upload-many', 'an abort ends the upload with a summary'),
  },
  {
    name: 'sensor/relayed-reading-counts-as-not-sent',
    breaks:
      'EXACT: a relay that keeps the SET and says "refused" is believed, and the reading counts although it was told as in no result',
    file: 'sensor-client/commit-relayed.ts',
    find: 'let left = true;',
    replace: 'let left = false;',
    detector: byTest('node/services/relay', 'names the refusal of a reading that stays undecided'),
  },
  {
    name: 'sensor/late-news-of-a-relay-hides-a-set',
    breaks:
      'EXACT: a reading that the sensor has SET itself is told as in no result, because its RELAY was never sent',
    file: 'sensor-client/commit-relayed.ts',
    find: '    left = false;',
    replace: '    left = false;\n    split.setSent = false;',
    detector: byTest('node/services/relay', 'does not forget its own SET when it hears late'),
  },
  {
    name: 'sensor/unopened-window-after-set',
    breaks:
      'EXACT: a reading that was SET is told as in no result, because nodes that missed the opening call its window not open',
    file: ROUND,
    find: '!state.waited || state.setSent || state',
    replace: '!state.waited || state',
    detector: byTest('src/rounds/upload', 'where SET was sent before, a window that is not open'),
  },
  {
    name: 'sensor/believes-what-a-domain-said-before',
    breaks: 'a reading is given up for a window that was opened since its domain could still tell',
    file: ROUND,
    find: "      if (event.error.code !== 'INCOMPLETE') return asking;\n",
    replace: "      if (event.error.code !== 'STORE_FAILED') return asking;\n",
    detector: byTest('src/rounds/upload', 'a domain that cannot tell any more'),
  },
  {
    name: 'sensor/believes-what-was-said-before-a-window-began',
    breaks: 'a reading is given up for a window that began while the sensor waited to ask again',
    file: ROUND,
    find: "if (event.id === 'unopened') return askOnceMore(state, owners);",
    replace:
      "if (event.id === 'unopened') return givenUp({ ...state, waited: true }) ?? askOnceMore(state, owners);",
    detector: byTest('src/rounds/upload', 'a window that begins while nobody is asked'),
  },
  {
    name: 'sensor/one-domain-calls-a-window-unopened',
    breaks: 'a node that missed the opening ends uploads into an open window',
    file: ROUND,
    find: 'state.unopened.includes(false)',
    replace: '!state.unopened.includes(true)',
    detector: byTest('src/rounds/upload', 'a domain that has stored its share, or has said nothing'),
  },
  {
    name: 'sensor/relays-are-late-beside-direct-requests',
    breaks: 'a crowd of sensors has every reading relayed twice',
    file: 'sensor-client/silent-nodes.ts',
    find: 'waitFor(relayTimes, node, asked, turn, mostMs)',
    replace: 'waitFor(loneTimes, node, asked, turn, mostMs)',
    detector: byTest(
      'sensor-client/silent-nodes',
      'is late beside others of its kind, which wait for several',
    ),
  },
  {
    name: 'sensor/all-that-is-late-to-one-node',
    breaks: 'the sensors of a node that is late make another one late, all the same one',
    file: 'sensor-client/commit-relayed.ts',
    find: 'return from[(key.readingId.at(-1) ?? 0) % from.length];',
    replace: 'return from[0];',
    detector: byTest('node/services/relay', 'hands what is late to any node that it knows'),
  },
  {
    name: 'sensor/second-relay-forgets-the-first',
    breaks:
      'EXACT: a reading whose first relay may have kept its SET is told as in no result, because the second one was never reached',
    file: 'sensor-client/commit-relayed.ts',
    find: 'split.setSent = before || left;',
    replace: 'split.setSent = left;',
    detector: byTest('node/services/relay', 'does not forget that a first relay may have kept the SET'),
  },
  {
    name: 'sensor/crowd-asks-ever-more',
    breaks: 'where all nodes are slow sensors ask two of them for every reading, until nodes do little else',
    file: 'src/rounds/answer-times.ts',
    find: 'Math.max(firstMs, LONG_TIMES * usual)',
    replace: 'firstMs',
    detector: byTest('sensor-client/silent-nodes', 'is waited for longer where all answers take long'),
  },
  {
    name: 'sensor/late-relay-proves-itself',
    breaks:
      'EXACT: a reading is told as committed because the node that it was relayed to answered late, whatever it answered',
    file: READING,
    find: 'later.then((by) => (by === null ? own : RELAYED))',
    replace: 'later.then(() => RELAYED)',
    detector: byTest('node/services/relay', 'while nobody else answers, is not where it does not'),
  },
  {
    name: 'sensor/relays-whatever-was-refused-before',
    breaks:
      'a reading of a sensor that is not taken, or of a window that is not open, is undecided where a refusal could be heard',
    file: READING,
    find: 'mayRelay && splits === 1 && standing.isGood(place, clock.now())',
    replace: 'mayRelay && splits === 1',
    detector: byTest('node/services/relay', 'where it has no reason to think that it is taken'),
  },
  {
    name: 'sensor/second-id-is-relayed',
    breaks:
      'a reading that was refused by a sealed window ends as READING_ERRORED or undecided, and not with the refusal',
    file: 'sensor-client/standing.ts',
    find: '      else last.delete(sensor.keys);\n',
    replace: '',
    detector: byTest('node/services/relay', 'hears of a sealed window as the direct form does'),
  },
  {
    name: 'sensor/broken-connection-counts-as-never-sent',
    breaks: 'EXACT: a RELAY that left is told as never sent when its connection breaks',
    file: 'src/platform/undici-transport.ts',
    find: 'if (NEVER_CONNECTED.has(cause)) onNeverSent?.();',
    replace: "if (cause !== 'TIMEOUT') onNeverSent?.();",
    detector: byTest(
      'src/platform/undici-transport',
      'is said never to have left only where no connection came about',
    ),
  },
  {
    name: 'sensor/refused-set-is-an-outcome',
    breaks: 'EXACT: a refused SET is told as "in no result" although it may still win',
    file: ROUND,
    find: 'if (!state.setSent) return finish(',
    replace: 'if (!state.setSent || state.shares.length > 0) return finish(',
    detector: byTest('src/rounds/upload', 'after a refused SET the round asks GET'),
  },
  {
    name: 'sensor/conflict-taken-as-stored',
    breaks: 'IDEMPOTENT: a reading id that another split uses is SET all the same',
    file: ROUND,
    find: "if (event.reply === 'CONFLICT') return refusedWith(state, { kind: 'conflict', domain });",
    replace: '',
    detector: byTest('src/rounds/upload', 'a share in conflict is fatal for the reading id'),
  },
  {
    name: 'sensor/set-at-one-acceptor-only',
    breaks: 'one dead acceptor stops every reading of its partitions',
    file: ROUND,
    find: 'call: { kind: phase, acceptor: lane.turn % acceptors }',
    replace: 'call: { kind: phase, acceptor: 0 }',
    detector: byTest('src/rounds/upload', 'flag messages turn to the next acceptor'),
  },
  {
    name: 'sensor/own-accept-is-true',
    breaks: 'ONE-OUTCOME: TRUE is answered when one of three acceptors has voted',
    file: 'src/rounds/decide-flags.ts',
    find: "startAtBallotZero({ acceptors, quorum, wish: 'TRUE' })",
    replace: "startAtBallotZero({ acceptors, quorum: 1, wish: 'TRUE' })",
    detector: byModel('flag/two-resolvers'),
  },
  {
    name: 'sensor/one-company-behind-two-domains',
    breaks: 'ISOLATION: a sensor shares with two domains of one operator or provider',
    file: 'sensor-client/policy.ts',
    find: 'if (policy.independentDomains) checkIndependent(stream, ring);',
    replace: 'if (policy.independentDomains && ring.development) checkIndependent(stream, ring);',
    detector: byTest('sensor-client/policy', 'by independentDomains where two are of one'),
  },
  {
    name: 'sensor/older-section-after-restart',
    breaks: 'a sensor that restarts believes a section older than one it has seen',
    file: 'sensor-client/memory.ts',
    find: 'if (seen === undefined || version > seen.version) continue;',
    replace: 'if (seen === undefined || version !== seen.version) continue;',
    detector: byTest('sensor-client/memory', 'what a sensor has seen of its ring refuses a section older'),
  },
  {
    name: 'sensor/measurement-into-two-streams',
    breaks: 'one measurement goes to two streams, whose sums can be subtracted',
    file: 'sensor-client/measurements.ts',
    find: 'if (before !== undefined) {',
    replace: 'if (before === stream) {',
    detector: byTest('sensor-client/measurements', 'a measurement goes to one stream, once'),
  },
  {
    name: 'sensor/outcome-of-one-acceptor',
    breaks: 'EXACT: a program that asks later is told ERROR by one acceptor that lies, and uploads again',
    file: 'sensor-client/ask-outcome.ts',
    find: "if (first.outcome !== 'ERROR' || acceptors.length === 1) return first.outcome;",
    replace: "if (first.outcome !== 'ERROR' || acceptors.length > 0) return first.outcome;",
    detector: byTest('sensor-client/sensor', 'ERROR is believed of two acceptors only'),
  },
];
