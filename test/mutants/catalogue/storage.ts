import type { Mutant } from '../mutant.ts';
import { bySimulation, byTest } from '../mutant.ts';

const LOG = 'node/engine/commit-log.ts';
const HEALTH = 'node/engine/store-health.ts';

/** A disk that lies, forgets or fails. */
export const STORAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'journal/done-before-commit',
    breaks: 'DURABLE: waiting for the disk ends before the disk has the batch',
    file: 'node/engine/journal.ts',
    find: 'if (last !== null) await last.done;',
    replace: '',
    detector: bySimulation(2),
  },
  {
    name: 'journal/failed-sync-ignored',
    breaks: 'DURABLE: after a failed sync those who wait are told that all is well',
    file: 'node/engine/journal.ts',
    find: 'waiting.settle.reject(failure);',
    replace: 'waiting.settle.resolve();',
    detector: byTest('node/engine/journal', 'a disk that refuses a write fails everyone who waits'),
  },
  {
    name: 'journal/older-write-hides-newer',
    breaks: 'DURABLE: a read falls back to the disk while a newer write waits for it',
    file: 'node/engine/overlay.ts',
    find: 'if (staged.get(name) === operation) staged.delete(name);',
    replace: 'staged.delete(name);',
    detector: byTest('node/engine/journal', 'reading keeps to the newest write of a key'),
  },
  {
    name: 'rows/older-version-shown',
    breaks: 'ONE-OUTCOME: a scan shows what a flag said before it was voted on',
    file: 'node/engine/row-index.ts',
    find: 'return slotAt(index, hash, place) >= 0;',
    replace: 'return nextSlot(index, hash, -1) >= 0;',
    detector: byTest('node/engine/packed-rows', 'a scan shows the newest version of every row'),
  },
  {
    name: 'rows/other-row-of-the-same-hash',
    breaks: 'ONE-OUTCOME: a flag is answered with the row of another one whose hash is the same',
    file: 'node/engine/row-lookup.ts',
    find: '} else if (isRowOf(bytes, place.offset, keys, ENTRY_KEY_BYTES * i)) {',
    replace: '} else {',
    detector: byTest('node/engine/packed-rows', 'rows are told apart'),
  },
  {
    name: 'rows/damage-hidden-by-memory',
    breaks: 'DURABLE: a record that was found damaged is still answered from memory, and not written anew',
    file: 'node/engine/window-rows.ts',
    find: 'if (plain === null) source.opened.drop(openedName(rows, place));',
    replace: '',
    detector: byTest('node/services/audit', 'a row with a flipped bit, which the other copy then replaces'),
  },
  {
    name: 'sum/of-rows-that-came-back',
    breaks: 'EXACT: rows are added whose newest version is in a record that does not open',
    file: 'node/services/share-sums.ts',
    find: 'if (found === undefined) return;',
    replace: 'return;',
    detector: byTest('node/services/share-sums', 'waits where a record does not open'),
  },
  {
    name: 'row/tag-ignored',
    breaks: 'EXACT: a row that was changed on disk is used',
    file: 'node/engine/row-seal.ts',
    find: `      } catch {
        return null;`,
    replace: `      } catch {
        return plain;`,
    detector: byTest('node/engine/row-seal', 'a sealed row does not open with any'),
  },
  {
    name: 'row/not-bound-to-its-key',
    breaks: 'EXACT: a row that was moved to another key passes for the row of that key',
    file: 'node/engine/row-seal.ts',
    find: 'room.set(rowKey, head.length + 4);',
    replace: '',
    detector: byTest('node/engine/tables', 'of another place does not pass for this one'),
  },
  {
    name: 'row/bad-row-is-none-for-votes',
    breaks: 'ONE-OUTCOME: a vote that cannot be read is taken for one that was never cast',
    file: 'node/engine/tables.ts',
    find: 'if (plain !== null) return plain;',
    replace: 'if (plain !== null || rowKeys.length >= 0) return plain ?? undefined;',
    detector: byTest('node/engine/tables', 'a row that was changed on disk is refused'),
  },
  {
    name: 'commits/not-numbered',
    breaks: 'DURABLE: commit groups have no record, and a dropped one leaves no gap',
    file: LOG,
    find: `  return operations;
}`,
    replace: `  return operations.slice(1);
}`,
    detector: byTest(
      'node/services/flags',
      'a flag that is set stays TRUE after its timeout and after a restart',
    ),
  },
  {
    name: 'commits/gap-ignored',
    breaks: 'DURABLE: a batch that the disk dropped without an error goes unnoticed',
    file: LOG,
    find: 'else if (first !== null && seq !== log.seq + 1)',
    replace: 'else if (first !== null && seq <= log.seq)',
    detector: byTest('node/engine/commit-log', 'name the whole gap'),
  },
  {
    name: 'commits/lost-beginning-ignored',
    breaks: 'DURABLE: the first commits may vanish without a doubt',
    file: LOG,
    find: 'if (first === null || first <= expected || log.doubt !== null) return log;',
    replace: 'if (expected > 0) return log;',
    detector: byTest('node/engine/commit-log', 'put the store in doubt when the first ones are missing'),
  },
  {
    name: 'commits/rows-not-counted',
    breaks: 'DURABLE: a store that lost rows from its tables starts as if it were whole',
    file: 'node/services/verify-rows.ts',
    find: 'if (flags !== expected.flags)',
    replace: 'if (flags > expected.flags)',
    detector: byTest('node/services/start-check', 'a node that starts on a store from which a row vanished'),
  },
  {
    name: 'peers/not-asked-at-start',
    breaks: 'ONE-OUTCOME: a store restored from an old copy votes again',
    file: 'node/services/start-check.ts',
    find: 'if (commitSeq <= startSeq) return;',
    replace: 'if (commitSeq <= startSeq + Number.MAX_SAFE_INTEGER) return;',
    detector: byTest('node/services/start-check', 'a node that starts on a store restored from an old copy'),
  },
  {
    name: 'peers/served-before-they-answered',
    breaks: 'ONE-OUTCOME: a node votes before the others could say that its store is old',
    file: 'node/node.ts',
    find: 'if (served || ANSWERED_AT_ONCE.includes(path)) return;',
    replace: 'if (served || path.length > 0) return;',
    detector: byTest('node/services/start-check', 'a node that starts and whom nobody has answered yet'),
  },
  {
    name: 'doubt/forgotten-at-restart',
    breaks: 'ONE-OUTCOME: a store in doubt votes again after a restart',
    file: HEALTH,
    find: "journal.stage([{ kind: 'put', table: 'meta', key: DOUBT_ROW, value }]);",
    replace: 'void value;',
    detector: byTest('node/engine/store-health', 'a doubt about a store outlives the node'),
  },
  {
    name: 'doubt/votes-all-the-same',
    breaks: 'ONE-OUTCOME: a store in doubt goes on voting',
    file: HEALTH,
    find: 'if (doubt === null) return;',
    replace: 'if (doubt === null || doubt.length > 0) return;',
    detector: byTest('node/engine/sealed-store', 'is in doubt for a lost commit'),
  },
  {
    name: 'storage/lost-window-row-taken-lightly',
    breaks: 'ONE-OUTCOME: a store that has lost what it froze goes on voting',
    file: 'node/engine/sealed-store.ts',
    find: "if (table === 'values') damaged.note(rowKey);",
    replace: "if (table === 'values' || table === 'windows') damaged.note(rowKey);",
    detector: byTest('node/services/repair', 'starts where the row that says that it froze a window'),
  },
];
