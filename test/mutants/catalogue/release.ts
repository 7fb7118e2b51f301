import type { Mutant } from '../mutant.ts';
import { byModel, byTest } from '../mutant.ts';

const DECISIONS = 'node/services/decisions.ts';
const VOTES = 'node/services/decision-votes.ts';
const RELEASING = 'node/services/releasing.ts';

/** Registers, exclusions, ledgers and the release. */
export const RELEASE_MUTANTS: readonly Mutant[] = [
  {
    name: 'register/ballot-granted-twice',
    breaks: 'one decision: two coordinators with one ballot both gather a majority',
    file: 'src/consensus/acceptor.ts',
    find: 'if (compareBallots(request.ballot, state.promised) <= 0) return answer(state, false);',
    replace: 'if (compareBallots(request.ballot, state.promised) < 0) return answer(state, false);',
    detector: byModel('register/restart'),
  },
  {
    name: 'register/vote-before-sync',
    breaks: 'DURABLE: a vote about T, X or a release is answered before it is on disk',
    file: VOTES,
    find: `      return reply;
    });
    await journal.synced();`,
    replace: `      return reply;
    });`,
    detector: byTest('node/services/decisions', 'a vote is answered when it is on disk'),
  },
  {
    name: 'register/believed-without-majority',
    breaks: 'one decision: a node acts on what one acceptor of three accepted',
    file: DECISIONS,
    find: 'const decided = decidedIn(answers, quorum);',
    replace: 'const decided = decidedIn(answers, 1);',
    detector: byTest('node/services/decisions', 'what one acceptor of three accepted is not decided'),
  },
  {
    name: 'register/reader-only-looks',
    breaks:
      'LIVENESS: what proposers that met left at several ballots is never learned by a node that does not propose',
    file: DECISIONS,
    find: 'if (highest === null || answers.length < quorum) return null;',
    replace: 'if (highest === null || answers.length > 0) return null;',
    detector: byTest(
      'node/services/decisions',
      'what stands at several ballots is proposed by whoever reads it',
    ),
  },
  {
    name: 'register/ballot-0-taken',
    breaks: 'one decision: a register accepts at ballot 0, which nobody has prepared',
    file: VOTES,
    find: "if (request.kind !== 'read' && request.ballot.counter < 1) {",
    replace: "if (request.kind !== 'read' && request.ballot.counter < 0) {",
    detector: byTest('node/services/decisions', 'a register takes nothing at ballot 0'),
  },
  {
    name: 'ledger/voters-do-not-listen',
    breaks: 'LIVENESS: with one node of two away the other has voted for a release and cannot tell it',
    file: 'node/services/caretaker.ts',
    find: "    await attempt('hearing of releases', () => votedReleases.run(decisions, signal));\n",
    replace: '',
    detector: byTest('node/services/decisions', 'is known to all who voted for it'),
  },
  {
    name: 'register/what-was-missed-stays-unknown',
    breaks:
      'LIVENESS: a node that was away at a seal says OPEN of its window until it is asked for the result',
    file: 'node/services/caretaker.ts',
    find: "    await attempt('hearing of decisions', () => missed.run(signal));\n",
    replace: '',
    detector: byTest('node/services/missed-decisions', 'says of every window how far it is'),
  },
  {
    name: 'ledger/voters-forget',
    breaks:
      'LIVENESS: a node that was stopped after its vote for a release never looks whether it was decided',
    file: 'node/services/voted-releases.ts',
    find: '      if (row != null && decodeSynodRow(row).accepted !== null) voted.add(record);\n',
    replace: '',
    detector: byTest('node/services/decisions', 'is looked for by a voter that was stopped'),
  },
  {
    name: 'ledger/lost-one-in-the-way',
    breaks: 'LIVENESS: a window whose ledger is lost keeps its node from hearing of any other release',
    file: 'node/services/voted-releases.ts',
    find: "if (!hasCode(error, 'INCOMPLETE')) throw error;",
    replace: 'throw error;',
    detector: byTest('node/services/voted-releases', 'a ledger that is lost keeps back'),
  },
  {
    name: 'exclusion/before-all-are-ready',
    breaks: 'GATE: X is decided when one domain is READY, and what another one lacks is never excluded',
    file: 'src/rounds/settle.ts',
    find: 'if (Object.keys(next.missing).length < domains)',
    replace: 'if (Object.keys(next.missing).length < 1)',
    detector: byTest('src/rounds/settle', 'X is the union of what the domains lack'),
  },
  {
    name: 'exclusion/beyond-the-limit',
    breaks: 'a stream loses more committed readings than it allows',
    file: 'src/rounds/settle.ts',
    find: 'if (union.size > options.excludedMax) {',
    replace: 'if (union.size > 65_536) {',
    detector: byTest('src/rounds/settle', 'more exclusions than the stream allows'),
  },
  {
    name: 'missing/silent-node-holds-nothing',
    breaks: 'EXACT: a row is excluded because the node that has it did not answer in time',
    file: 'src/rounds/hold.ts',
    find: 'if (lacking.length < sets.length) return waiting(state, named.partition, sets.length - lacking.length);',
    replace: '',
    detector: byModel('release/silent-node'),
  },
  {
    name: 'missing/held-by-one-is-not-enough',
    breaks: 'EXACT: a row that one of two nodes lacks is excluded although the other one has it',
    file: 'src/rounds/hold.ts',
    find: 'return first.filter((entry) => names.every((set) => set.has(entryName(entry))));',
    replace: 'return [...first];',
    detector: byTest('src/rounds/hold', 'a row is missing only when every node says so'),
  },
  {
    name: 'missing/asked-once',
    breaks: 'DURABLE: a reading is excluded whose row was brought to its owners while the nodes were asked',
    file: 'src/rounds/hold.ts',
    find: 'if (missing.length > 0 && !state.again) return askAgain(options, { ...state, standing });',
    replace: '',
    detector: byTest(
      'node/services/moving-rows',
      'a hint that reaches its owners while a domain is asked what',
    ),
  },
  {
    name: 'standing/replica-sums-added',
    breaks: 'EXACT: every node that holds all of a partition adds its sum, and readings count twice',
    file: 'src/rounds/hold.ts',
    find: '    if (node !== undefined) push(found, node, named);',
    replace: '    for (let one = 0; one <= (node ?? -1); one++) push(found, one, named);',
    detector: byTest('src/rounds/hold', 'the first node that holds all of a partition stands for it'),
  },
  {
    name: 'release/before-exclusion',
    breaks: 'GATE: a domain releases what it holds before X is decided',
    file: RELEASING,
    find: `    await settling.exclude(record);
    const settlement = record.settlement;
    const exclusion = record.exclusion;`,
    replace: `    await settling.settle(record);
    const settlement = record.settlement;
    const readings0 = settlement?.value.readings ?? 0;
    const exclusion = { bytes: new Uint8Array(0), value: { excluded: [], readings: readings0 } };`,
    detector: byTest('node/services/windows', 'COMPUTE leaves out, in every domain and by name'),
  },
  {
    name: 'ledger/not-asked',
    breaks: 'GATE: a node tells an aggregate share that its ledger has not decided',
    file: RELEASING,
    find: "return (await decisions.decide(record, 'release', releasedRowCodec.encode(row))).bytes;",
    replace: 'return releasedRowCodec.encode(row);',
    detector: byTest('node/services/windows', 'COMPUTE gives the same bytes for ever'),
  },
  {
    name: 'ledger/on-one-node',
    breaks: 'GATE: a release is decided by one node of three and forgotten with its disk',
    file: DECISIONS,
    find: 'return { acceptors: found.acceptors.map((place) => at(all, place)), quorum: found.quorum, send };',
    replace: 'return { acceptors: [self.nodeId], quorum: 1, send };',
    detector: byTest('node/services/decisions', 'a ledger without a majority of its domain decides nothing'),
  },
  {
    name: 'ledger/majority-of-what-remains',
    breaks: 'GATE: the last node of three decides again what two lost ones had decided',
    file: 'src/consensus/quorum.ts',
    find: 'return gone.size < majority ? { acceptors, quorum: acceptors.length } : null;',
    replace:
      'return acceptors.length > 0 ? { acceptors, quorum: Math.floor(acceptors.length / 2) + 1 } : null;',
    detector: byTest('src/consensus/quorum', 'any two quorums meet'),
  },
  {
    name: 'settled/vote-overrules-t',
    breaks: 'ONE-OUTCOME: a flag outside T is answered from the votes of its acceptors',
    file: 'node/services/settled-flags.ts',
    find: "if (found === null) return flags.map(() => 'ERROR');",
    replace: 'if (found === null) return null;',
    detector: byTest('node/services/flags', 'a frozen window refuses everything'),
  },
  {
    name: 'release/reading-into-a-retired-stream',
    breaks: 'a stream that its operator ended takes new readings',
    file: 'node/services/admission.ts',
    find: 'retirements.check(record.stream);',
    replace: '',
    detector: byTest('node/services/retirements', 'a retired stream takes no new reading'),
  },
  {
    name: 'release/total-of-what-was-withheld',
    breaks: 'a total says nothing of the parts that are missing from it',
    file: 'operator-cli/operator/series.ts',
    find: "missing: answers.filter((answer) => 'state' in answer),",
    replace: 'missing: [],',
    detector: byTest('operator-cli/operator/series', 'a question about a stream gives every released window'),
  },
  {
    name: 'silence/waited-for-like-work',
    breaks: 'LIVENESS: a node that stands still is waited for as long as one that reads a whole window',
    file: 'src/rounds/heartbeat.ts',
    find: 'silent: silent || quiet >= QUIET_BEATS_MAX',
    replace: 'silent',
    detector: byTest('simulation/standing-still', 'a window of 3x3 is released within seconds'),
  },
  {
    name: 'silence/work-taken-for-it',
    breaks:
      'LIVENESS: a node that reads a large window is given up although it gives signs of life, each time anew',
    file: 'src/rounds/signs-of-life.ts',
    find: 'known.heart = ALIVE;',
    replace: '',
    detector: byTest('src/rounds/watchful-transport', 'a node that works for long is waited for until'),
  },
  {
    name: 'silence/operator-waits-through-it',
    breaks: 'LIVENESS: COMPUTE waits a minute for the node that it happens to ask first',
    file: 'operator-cli/operator/operator.ts',
    find: 'createWatchfulTransport(given.transport, given.clock)',
    replace: 'given.transport',
    detector: byTest('simulation/standing-still', 'a window of 3x3 is released within seconds'),
  },
];
