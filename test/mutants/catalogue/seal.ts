import type { Mutant } from '../mutant.ts';
import { byModel, byTest } from '../mutant.ts';

const ACCEPTOR = 'node/services/flag-acceptor.ts';
const SEAL = 'src/rounds/seal.ts';

/** Freezing, sealing and the candidate for T. */
export const SEAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'seal/is-a-promise',
    breaks:
      'EXACT: a seal that only refuses what is SET lets a resolver decide flags behind the report of a frozen acceptor',
    file: ACCEPTOR,
    find: '    const votes = await update(context, record, partition, keys, (row, place) => {',
    replace: `    const open = asked.kind !== 'read' && asked.ballot.counter > 0;
    const votes = await update(context, open ? { ...record, frozen: false } : record, partition, keys, (row, place) => {`,
    detector: byTest('node/services/flags', 'a frozen window refuses everything'),
  },
  {
    name: 'freeze/not-looked-at-by-votes',
    breaks: 'EXACT: a frozen acceptor still votes, after it has reported its flags',
    file: ACCEPTOR,
    find: `      if (record.frozen) throw windowSealed(record);
      rings.check(context);`,
    replace: '      rings.check(context);',
    detector: byTest('node/services/flags', 'a frozen window refuses everything'),
  },
  {
    name: 'freeze/looked-at-before-the-wait',
    breaks: 'EXACT: a freeze that comes while a vote reads the disk does not stop the vote',
    file: ACCEPTOR,
    find: `      const found = await packed.find('flags', record, partition, keys);
      if (record.frozen) throw windowSealed(record);`,
    replace: `      if (record.frozen) throw windowSealed(record);
      const found = await packed.find('flags', record, partition, keys);`,
    detector: byTest(
      'node/services/flag-acceptor',
      'a vote that was reading when the freeze came is refused',
    ),
  },
  {
    name: 'freeze/not-synced',
    breaks: 'DURABLE: a freeze is reported before it is on disk, and a crash thaws the window',
    file: 'node/services/windows.ts',
    find: `        record.frozen = true;
      }
      await journal.synced();`,
    replace: `        record.frozen = true;
      }`,
    detector: byTest('node/services/flag-acceptor', 'a freeze is answered when it is on disk'),
  },
  {
    name: 'freeze/known-before-it-is-staged',
    breaks: 'DURABLE: a freeze that a full journal refused is reported as durable the next time',
    file: 'node/services/windows.ts',
    find: '      if (!record.frozen) {\n',
    replace: '      if (!record.frozen) {\n        record.frozen = true;\n',
    detector: byTest('node/services/erased-windows', 'the next freeze is the one that is written'),
  },
  {
    name: 'freeze/forgotten-at-restart',
    breaks: 'EXACT: a frozen acceptor votes again after a restart',
    file: 'node/services/windows.ts',
    find: 'later.push(async () => markFrozen(await find(scope)))',
    replace: 'later.push(async () => void (await find(scope)))',
    detector: byTest('node/services/flags', 'a frozen window refuses everything'),
  },
  {
    name: 'seal/list-without-an-end',
    breaks: 'BOUNDED: an acceptor that lies fills the memory of whoever seals, with pages that never end',
    file: 'src/rounds/seal.ts',
    find: ' || readings > options.maxReadings)',
    replace: ')',
    detector: byTest('src/rounds/seal', 'more readings over its partitions than the window has'),
  },
  {
    name: 'seal/page-repeated',
    breaks: 'BOUNDED: an acceptor that lists the same flags again and again is asked for ever',
    file: 'src/rounds/frozen-answers.ts',
    find: 'compareBytes(last, key) >= 0',
    replace: 'compareBytes(last, key) > 0',
    detector: byTest('src/rounds/seal', 'that lists a flag twice is named'),
  },
  {
    name: 'seal/liar-asked-again',
    breaks: 'an acceptor that lists its flags without an end keeps a window from being sealed',
    file: 'node/services/freezing.ts',
    find: '      if (lie !== undefined) throw lie;\n',
    replace: '',
    detector: byTest(
      'node/services/hostile-peers',
      'with lists of its flags keeps no window from being sealed',
    ),
  },
  {
    name: 'freeze/before-its-time',
    breaks: 'a window can be sealed while its sensors still upload',
    file: 'node/services/frozen.ts',
    find: 'if (!record.frozen && clock.now() < notBefore) {',
    replace: 'if (!record.frozen && clock.now() < 0) {',
    detector: byTest('node/services/windows', 'sealing a window is refused before the time'),
  },
  {
    name: 'freeze/unreadable-vote-left-out',
    breaks: 'EXACT: an acceptor lists its flags without a vote that it cannot read',
    file: 'node/services/frozen.ts',
    find: `        if (entry === null) throw corrupt();
        const { accepted }`,
    replace: `        if (entry === null) continue;
        const { accepted }`,
    detector: byTest('node/services/flag-acceptor', 'an acceptor that cannot read a vote lists nothing'),
  },
  {
    name: 'seal/majority-of-nodes',
    breaks: 'EXACT: a window counts as sealed although one partition has no frozen majority',
    file: SEAL,
    find: 'if (found.length < quorum) open += 1;',
    replace: 'if (digests.size <= options.nodes / 2) open += 1;',
    detector: byTest('src/rounds/seal', 'the window stays open while one partition has no majority'),
  },
  {
    name: 'seal/one-frozen-acceptor',
    breaks: 'EXACT: one frozen acceptor of three seals its partitions',
    file: SEAL,
    find: `    const quorum = options.quorumOf(acceptors.length);
    const found: SetDigest[] = [];`,
    replace: `    const quorum = Math.min(1, options.quorumOf(acceptors.length));
    const found: SetDigest[] = [];`,
    detector: byModel('seal/settle'),
  },
  {
    name: 'seal/any-true-is-in-t',
    breaks: 'EXACT: T holds a flag that a later ballot made ERROR',
    file: 'src/rounds/candidate.ts',
    find: "if (highestAccepted(accepted)?.value === 'TRUE') candidate.push(entry);",
    replace: "if (accepted.some((one) => one.accepted.value === 'TRUE')) candidate.push(entry);",
    detector: byModel('seal/settle'),
  },
  {
    name: 'seal/ids-not-kept-at-a-majority',
    breaks:
      'DURABLE: T is proposed when one acceptor has its ids, and is a name without flags when that one dies',
    file: SEAL,
    find: 'if (kept.length < options.quorumOf(options.acceptorsOf(at).length)) {',
    replace: 'if (kept.length < 1) {',
    detector: byTest('src/rounds/seal', 'differing digests: T is made from the lists'),
  },
  {
    name: 'seal/ids-kept-unchecked',
    breaks: 'DURABLE: an acceptor says that it has the ids of a digest without comparing',
    file: 'node/services/kept-lists.ts',
    find: 'if (!last) return true;',
    replace: 'if (!last || entries.length > 0) return true;',
    detector: byTest('node/services/set-lists', 'ids that are not those of their digest'),
  },
  {
    name: 'seal/lists-without-bound',
    breaks: 'BOUNDED: a node that lies fills the disks of others with lists under made-up digests',
    file: 'node/services/kept-lists.ts',
    find: 'if (sum > most) {',
    replace: 'if (sum > most && most < 0) {',
    detector: byTest('node/services/set-lists', 'a domain stores no more of them'),
  },
  {
    name: 'seal/lists-counted-anew',
    breaks: 'BOUNDED: a domain may fill the disk of an acceptor once more after each of its starts',
    file: 'node/services/kept-lists.ts',
    find: '      bytes.set(from, (bytes.get(from) ?? 0) + PAGE_BYTES + keysOf(plain).length);\n',
    replace: '',
    detector: byTest('node/services/set-lists', 'a domain stores no more of them'),
  },
  {
    name: 'seal/kept-list-written-over',
    breaks: 'a node that lies writes over the ids that T names, and its window stays INCOMPLETE',
    file: 'node/services/kept-lists.ts',
    find: 'if (!begun.has(list) && (await isHere(record, partition, digest))) return true;',
    replace: 'void isHere;',
    detector: byTest('node/services/set-lists', 'one that is whole is neither written over'),
  },
  {
    name: 'seal/one-domain-says-never-opened',
    breaks:
      'EXACT: a node whose clock is ahead makes COMPUTE call a window ended that is opened later and has readings',
    file: 'operator-cli/operator/compute.ts',
    find: "['UNKNOWN_STREAM', 'WINDOW_NOT_OPEN', 'WINDOW_SEALED']",
    replace: "['UNKNOWN_STREAM', 'WINDOW_NOT_OPEN']",
    detector: byTest('operator-cli/operator/compute', 'believes no domain alone'),
  },
  {
    name: 'seal/nobody-by-itself',
    breaks: 'LIVENESS: a window that nobody asks for is never sealed',
    file: 'node/services/caretaker.ts',
    find: 'resolveOverdue, sealOverdue, hear,',
    replace: 'resolveOverdue, ...(sealOverdue === undefined ? [sealOverdue] : []), hear,',
    detector: byTest('simulation/self-sealing', 'nodes seal and settle a window past its latest time'),
  },
  {
    name: 'seal/settled-called-open',
    breaks:
      'no invariant, but SEAL says for ever of a settled window that it is open where two freezes were lost',
    file: 'node/services/settling.ts',
    find: 'const sealed = known == null ? frozen : sealedAs(',
    replace: 'const sealed = known == null || looks !== null ? frozen : sealedAs(',
    detector: byTest('node/services/settling', 'says of a settled window that it is sealed'),
  },
];
