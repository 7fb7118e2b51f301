import type { Mutant } from '../mutant.ts';
import { byModel, bySimulation, byTest } from '../mutant.ts';

const ACCEPTOR = 'node/services/flag-acceptor.ts';

/** One flag at its acceptors: Paxos, its timeout, and what must be on disk before an answer. */
export const FLAG_MUTANTS: readonly Mutant[] = [
  {
    name: 'flag/vote-before-sync',
    breaks: 'DURABLE: a vote is answered before it is on disk',
    file: ACCEPTOR,
    find: `      return alike;
    });
    await journal.synced();`,
    replace: `      return alike;
    });`,
    detector: bySimulation(2),
  },
  {
    name: 'flag/vote-nobody-remembers',
    breaks: 'DURABLE: a vote is told that no other node could miss on a disk that lost it',
    file: ACCEPTOR,
    find: 'if (!relayed && votes.length > 0) await news.tell(acceptors);',
    replace: '',
    detector: byTest(
      'node/services/flag-acceptor',
      'a vote told to a sensor comes from a disk that another acceptor can hold to it',
    ),
  },
  {
    name: 'flag/said-to-be-remembered',
    breaks:
      'DURABLE: a node that lacks a ring document says of a store in it that it has noted how far that is',
    file: 'node/engine/peers.ts',
    find: 'if (note(node, stamp)) return;',
    replace: 'if (note(node, stamp) || stamp.commitSeq > 0) return;',
    detector: byTest('node/services/commit-news', 'a commit of a store that a node does not know of'),
  },
  {
    name: 'flag/outcome-read-before-sync',
    breaks: 'DURABLE: a vote that is still on its way to the disk is told as an outcome',
    file: ACCEPTOR,
    find: `    const rows = flagRowsIn(await packed.find('flags', record, partition, keys));
    await journal.synced();`,
    replace: "    const rows = flagRowsIn(await packed.find('flags', record, partition, keys));",
    detector: byTest('node/services/flag-acceptor', 'a vote that is not on disk yet is told to nobody'),
  },
  {
    name: 'flag/promise-not-synced',
    breaks: 'ONE-OUTCOME: a promise to a resolver is answered before it is on disk, and a crash forgets it',
    file: ACCEPTOR,
    find: `    await journal.synced();
    return votes;`,
    replace: `    if (asked.kind !== 'prepare') await journal.synced();
    return votes;`,
    detector: byTest('node/services/flag-acceptor', 'a promise that is not on disk yet'),
  },
  {
    name: 'flag/promise-ignored',
    breaks: 'ONE-OUTCOME: an acceptor votes below what it promised',
    file: 'src/consensus/acceptor.ts',
    find: 'if (compareBallots(request.ballot, state.promised) < 0) return answer(state, false);',
    replace: '',
    detector: byModel('flag/two-resolvers'),
  },
  {
    name: 'flag/promise-forgets-vote',
    breaks: 'ONE-OUTCOME: a promise wipes what was accepted before it',
    file: 'src/consensus/acceptor.ts',
    find: 'answer({ promised: request.ballot, accepted: state.accepted }, true)',
    replace: 'answer({ promised: request.ballot, accepted: null }, true)',
    detector: byModel('flag/two-resolvers'),
  },
  {
    name: 'flag/accepted-true-ignored',
    breaks: 'ONE-OUTCOME: a resolver proposes ERROR whatever its quorum had accepted',
    file: 'src/consensus/proposer.ts',
    find: 'return highest === null ? wish : highest.value;',
    replace: 'return wish;',
    detector: byModel('flag/two-resolvers'),
  },
  {
    name: 'flag/lowest-ballot-wins',
    breaks: 'ONE-OUTCOME: a resolver takes the oldest accepted value instead of the newest',
    file: 'src/consensus/proposer.ts',
    find: 'compareBallots(accepted.ballot, highest.ballot) > 0)',
    replace: 'compareBallots(accepted.ballot, highest.ballot) < 0)',
    detector: byModel('flag/three-resolvers'),
  },
  {
    name: 'flag/votes-of-different-ballots-added',
    breaks: 'ONE-OUTCOME: votes at different ballots are counted as one majority',
    file: 'src/consensus/proposer.ts',
    find: 'compareBallots(other.accepted.ballot, accepted.ballot) === 0 &&',
    replace: '',
    detector: byTest('src/rounds/decide', 'refusals that show one value at two ballots prove nothing'),
  },
  {
    name: 'flag/bare-vote-at-ballot-0',
    breaks:
      "an acceptor votes at ballot 0 on the word of a node, without the sensor's packet, and for ERROR too",
    file: ACCEPTOR,
    find: 'if (ballot.counter < 1) throw',
    replace: "if (kind === 'prepare' && ballot.counter < 1) throw",
    detector: byTest('node/services/flags', 'an acceptor takes nothing at ballot 0'),
  },
  {
    name: 'flag/share-starts-no-time',
    breaks: 'a flag whose sensor dies after its uploads never ends while its window is open',
    file: 'node/services/flag-census.ts',
    find: 'if (!record.frozen) add(record, keys, since);',
    replace: 'if (record.frozen) add(record, keys, since);',
    detector: byTest('node/services/flags', 'becomes ERROR for ever: SET says so'),
  },
  {
    name: 'flag/counted-twice',
    breaks: 'a window refuses readings though it has fewer than its stream allows',
    file: 'node/services/undecided-flags.ts',
    find: 'if (learned.find(keys, at) >= 0) continue;',
    replace: '',
    detector: byTest('node/services/flag-census', 'are counted once, also where a vote or a share comes'),
  },
  {
    name: 'flag/forgets-shares-over-restart',
    breaks: 'a flag whose sensor died never ends after its acceptors have started anew',
    file: 'node/services/flag-census.ts',
    find: '    if (record.frozen) return;',
    replace: '    if (!record.frozen) return;',
    detector: byTest('node/services/flags', 'is remembered over a restart'),
  },
  {
    name: 'flag/driven-to-the-last-ballot',
    breaks: 'LIVENESS: one acceptor that lies about its promise keeps a flag from ever being resolved',
    file: 'node/services/resolve-flags.ts',
    find: 'sort(compareBallots)[majority(acceptors.length) - 1];',
    replace: 'sort(compareBallots).at(-1);',
    detector: byTest('node/services/resolve-flags', 'is driven to the last ballot by no acceptor alone'),
  },
  {
    name: 'flag/undecided-for-ever-first',
    breaks: 'LIVENESS: flags whose votes are lost keep all later ones from being resolved',
    file: 'node/services/flag-census.ts',
    find: 'passed = given.length < limit ? 0 : passed + given.filter(isUndecided).length;',
    replace: 'passed = 0;',
    detector: byTest('node/services/flag-census', 'that stay so keep no others from their turn'),
  },
  {
    name: 'flag/resolved-before-timeout',
    breaks: 'one bad acceptor can make every flag ERROR at its birth',
    file: ACCEPTOR,
    find: "const early = request.kind === 'prepare' && now < known.knownSince + flagTimeoutMs;",
    replace: "const early = request.kind === 'prepare' && now < known.knownSince;",
    detector: byTest('node/services/flags', 'an acceptor refuses to resolve a flag before its timeout'),
  },
  {
    name: 'flag/resolvers-in-step',
    breaks:
      'LIVENESS: the acceptors of a partition resolve its flags at the same moment, and outbid each other',
    file: 'node/services/caretaker.ts',
    find: 'await clock.sleep(CARE_EVERY_MS / 2 + jitter, signal)',
    replace: 'await clock.sleep(CARE_EVERY_MS / 2 + 0 * jitter, signal)',
    detector: byTest('node/services/caretaker', 'two resolvers of one flag'),
  },
  {
    name: 'flag/resolved-one-by-one',
    breaks: 'a sensor that died in a flush costs its acceptors a round of messages for each of its readings',
    file: 'node/services/caretaker.ts',
    find: 'groups.set(name, [...(groups.get(name) ?? []), flag]);',
    replace: 'groups.set(name + groups.size, [flag]);',
    detector: byTest(
      'node/services/caretaker',
      'flags over their timeout are resolved partition by partition',
    ),
  },
  {
    name: 'flag/majority-of-three-is-one',
    breaks: 'ONE-OUTCOME: an outcome is read from the vote of one acceptor',
    file: 'node/services/flags.ts',
    find: "return decidedIn(votes, quorum)?.value ?? 'UNDECIDED';",
    replace: "return decidedIn(votes, 1)?.value ?? 'UNDECIDED';",
    detector: byTest(
      'node/services/replicas',
      'three acceptors and two copies of every share answer UNDECIDED',
    ),
  },
];
