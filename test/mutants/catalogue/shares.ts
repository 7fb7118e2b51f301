import type { Mutant } from '../mutant.ts';
import { bySimulation, byTest } from '../mutant.ts';

const TABLE = 'node/services/share-table.ts';
const VALUES = 'node/services/values.ts';

/** Shares at rest: acknowledged, copied, hinted, united and added. */
export const SHARE_MUTANTS: readonly Mutant[] = [
  {
    name: 'share/copy-refused-like-a-reading',
    breaks: 'DURABLE: the second copy of a share is refused once its stream is retired',
    file: VALUES,
    find: 'const record = await admission.window(request.context);',
    replace: 'const record = await admission.begun(request.context);',
    detector: byTest('node/services/retirements', 'has its shares brought to the owners that lack them'),
  },
  {
    name: 'share/acknowledged-before-sync',
    breaks: 'DURABLE: UPLOAD is acknowledged before the share is on disk',
    file: TABLE,
    find: `      await journal.synced();
      return answers;`,
    replace: '      return answers;',
    detector: bySimulation(2),
  },
  {
    name: 'share/conflict-overwrites',
    breaks: 'IDEMPOTENT: a second share for one key replaces the first',
    file: TABLE,
    find: 'if (known === undefined) {',
    replace: 'if (known === undefined || !equalBytes(known, shareAt(place))) {',
    detector: byTest('node/services/share-table', 'keeps the first of two shares'),
  },
  {
    name: 'share/conflict-answered-stored',
    breaks: 'IDEMPOTENT: the sender of a second share for one key is told that it was stored',
    file: TABLE,
    find: 'before?.conflict || !equalBytes(known, shareAt(place))',
    replace: 'before?.conflict',
    detector: byTest('node/services/share-table', 'keeps the first of two shares'),
  },
  {
    name: 'share/flag-counted-after-its-vote',
    breaks:
      'a share that comes after the vote on its flag counts against the readings of the window once more',
    file: TABLE,
    find: 'const flags = await unvoted(record, partition, keysAt(keys, fresh));',
    replace: 'const flags = keysAt(keys, fresh);',
    detector: byTest('node/services/share-table', 'hears nothing of a flag from a share'),
  },
  {
    name: 'entries/numbers-of-those-before',
    breaks: 'a table of entries that begins again tells of a new entry what was kept of an old one',
    file: 'node/engine/entry-table.ts',
    find: '      numbers.fill(0);\n',
    replace: '',
    detector: byTest('node/engine/entry-table', 'begins again where all that came has gone'),
  },
  {
    name: 'share/written-under-another-key',
    breaks: 'EXACT: the rows of a packet all get the share of its first reading',
    file: 'node/engine/row-record.ts',
    find: 'copyBytes(tails, tailBytes * place, bytes',
    replace: 'copyBytes(tails, 0, bytes',
    detector: byTest('node/engine/row-record', 'has what rows of a packet share once'),
  },
  {
    name: 'share/of-another-domain-taken',
    breaks: 'ISOLATION: a node takes the share that another domain should hold',
    file: VALUES,
    find: 'if (got === index) return;',
    replace: 'if (got >= 0) return;',
    detector: byTest('node/services/share-table', 'takes no share of another domain'),
  },
  {
    name: 'share/taken-after-the-seal',
    breaks: 'a sensor may bring shares to a sealed window',
    file: VALUES,
    find: 'if (record.frozen || record.settlement !== null) throw windowSealed(record);',
    replace: '',
    detector: byTest('node/services/flags', 'a frozen window refuses everything'),
  },
  {
    name: 'copy/counted-without-answer',
    breaks: 'DURABLE: a copy that no node has acknowledged is counted, and the row is not known to be thin',
    file: VALUES,
    find: 'for (const reply of replies) if (reply !== null) answers.push(reply.conflicts);',
    replace: 'for (const reply of replies) answers.push(reply?.conflicts ?? []);',
    detector: byTest(
      'node/services/replicas',
      'three acceptors and two copies of every share bring what a node missed',
    ),
  },
  {
    name: 'hint/to-another-domain',
    breaks: 'ISOLATION: the copy for a node that is away is offered to another cloud',
    file: VALUES,
    find: 'const others = nodesOf(self.domain).filter(',
    replace:
      'const others = rings.newest().domains.flatMap(({ nodes }) => nodes.map(({ id }) => id)).filter(',
    detector: byTest(
      'node/services/values',
      'the copies of a share never travel to a node of another domain',
    ),
  },
  {
    name: 'hint/dropped-before-owner-has-it',
    breaks: 'DURABLE: a hint is deleted while the owner it waits for is still away',
    file: 'node/services/spread.ts',
    find: 'await all(owners.map((owner) => bring(record, marked.partition, owner, page.rows)));',
    replace:
      'await Promise.allSettled(owners.map((owner) => bring(record, marked.partition, owner, page.rows)));',
    detector: byTest('node/services/spread', 'waits on another node of the domain, reaches the owner'),
  },
  {
    name: 'hints/mark-known-before-it-is-staged',
    breaks: 'a copy that is owed to an owner is forgotten at the next start, where the journal was full once',
    file: 'node/services/spread.ts',
    find: '    // Not known before it is staged:',
    replace:
      '    marks.set(name, { scope: record.scope, partition: at, version: 0 });\n    // Not known before it is staged:',
    detector: byTest('node/services/spread', 'where the journal took no more when the first ones came'),
  },
  {
    name: 'hint/not-marked',
    breaks: 'a row kept for another node is forgotten there and never reaches its owner',
    file: VALUES,
    find: 'const before = () => (own ? undefined : spread.mark(record, request.partition));',
    replace: 'const before = () => {};',
    detector: byTest('node/services/spread', 'waits on another node of the domain, reaches the owner'),
  },
  {
    name: 'unite/conflict-not-seen',
    breaks: 'EXACT: of two different shares for one key the first that comes is added',
    file: 'node/services/gathering.ts',
    find: 'if (conflict || (mine !== undefined && !equalBytes(mine, share))) conflicts.push(entry);',
    replace: 'if (conflict) conflicts.push(entry);',
    detector: byTest('node/services/gathering', 'two different shares for one key are no row'),
  },
  {
    name: 'unite/first-page-only',
    breaks: 'DURABLE: rows beyond the first page of another node are not united',
    file: 'node/services/gathering.ts',
    find: 'if (!page.more || after === null) break;',
    replace: 'break;',
    detector: byTest('node/services/gathering', 'fetches every page of another node'),
  },
  {
    name: 'sum/row-outside-t-added',
    breaks: 'EXACT: a share whose flag is not TRUE is added',
    file: 'node/services/share-sums.ts',
    find: `      if (!members.has(name) || without.has(name)) continue;
      addToLimbSum(sum, row.share);`,
    replace: `      if (without.has(name)) continue;
      addToLimbSum(sum, row.share);
      if (!members.has(name)) continue;`,
    detector: byTest('node/services/share-sums', 'is made from the rows where the node has started'),
  },
  {
    name: 'sum/excluded-row-added',
    breaks: 'EXACT: a share of an excluded reading is added by the domains that hold it',
    file: 'node/services/share-sums.ts',
    find: 'shares.sharesOf(record, named.partition, [...strays, ...excluded]);',
    replace: 'shares.sharesOf(record, named.partition, strays);',
    detector: byTest('node/services/windows', 'COMPUTE leaves out, in every domain and by name'),
  },
  {
    name: 'sum/unset-row-added',
    breaks: 'EXACT: a share whose flag was never set is added because its partition is',
    file: 'node/services/share-sums.ts',
    find: 'shares.sharesOf(record, named.partition, [...strays, ...excluded]);',
    replace: 'shares.sharesOf(record, named.partition, excluded);',
    detector: byTest('node/services/share-sums', 'a share whose flag was never set is not added'),
  },
  {
    name: 'sum/equal-counts-are-equal-sets',
    breaks: 'EXACT: a node with as many rows as T stands for it, whichever they are',
    file: 'src/protocol/set-hash.ts',
    find: 'a.readings === b.readings && equalBytes(a.hash, b.hash)',
    replace: 'a.readings === b.readings',
    detector: byTest('src/protocol/set-hash', 'the digest of a set of flags'),
  },
  {
    name: 'set-hash/equal-for-ever',
    breaks: 'EXACT: a node whose rows once were T stands for it after a row has come or gone',
    file: 'src/protocol/set-hash.ts',
    find: '    equal = null;\n',
    replace: '',
    detector: byTest('src/protocol/set-hash', 'is no longer what it was found equal to'),
  },
  {
    name: 'hold/other-partitions-stand',
    breaks:
      'EXACT: a node that said something about as many other partitions stands for those it was asked about',
    file: 'src/rounds/hold.ts',
    find: 'said?.partition === partition && said.missing.length === 0',
    replace: 'said?.missing.length === 0',
    detector: byTest('src/rounds/hold', 'a node that answers about other partitions'),
  },
  {
    name: 'set-hash/count-left-out',
    breaks: 'EXACT: two flags that differ in their count only have one set hash',
    file: 'src/protocol/entry-digest.ts',
    find: 'tailOf(wordAt(keys, keyAt + 4 * ENTRY_WORDS))',
    replace: 'tailOf(1)',
    detector: byTest('src/protocol/set-hash', 'is the sum modulo 2^256 of the hashes'),
  },
  {
    name: 'set-hash/count-of-the-first',
    breaks: 'EXACT: flags that came together and differ in their count only have one set hash',
    file: 'src/protocol/entry-digest.ts',
    find: '    if (countInKey(keys, at) !== count) return false;\n',
    replace: '',
    detector: byTest('src/protocol/entry-digest', 'are what SHA-256 makes of each'),
  },
  {
    name: 'tallies/all-rows-are-new',
    breaks: 'EXACT: a node that has some rows of a packet adds up the digests of others than it stores',
    file: 'node/services/tallies.ts',
    find: 'const fresh = keysAt(keys, places);',
    replace: 'const fresh = keys;',
    detector: byTest('node/services/tallies', 'tallies are those of the rows that came'),
  },
  {
    name: 'set-hash/sensor-left-out',
    breaks: 'EXACT: one reading id used by two sensors is one flag',
    file: 'src/protocol/flag-key.ts',
    find: '  into.set(sensorId, at + READING_ID_BYTES);',
    replace: '',
    detector: byTest('src/protocol/flag-key', 'is these bytes'),
  },
];
