import type { Mutant } from '../mutant.ts';
import { byTest } from '../mutant.ts';

/** What the programs of sensors and operators make of what they hear, and when: clocks that are set back among it. */
export const PROGRAM_MUTANTS: readonly Mutant[] = [
  {
    name: 'program/flush-counts-for-fewer-acceptors',
    breaks:
      'EXACT: a flush that learns on its way of a placement with more acceptors calls a reading committed on one vote of three',
    file: 'sensor-client/flush.ts',
    find: 'if (voters.length !== acceptors)',
    replace: 'if (voters.length < acceptors)',
    detector: byTest('sensor-client/flush', 'a flush that learns of more acceptors than it began with'),
  },
  {
    name: 'program/flush-waits-for-the-clock',
    breaks:
      'LIVENESS: a clock that is set back by an hour gives the readings of a flush that moves an hour more',
    file: 'sensor-client/flush.ts',
    find: 'const leftMs = Math.min(place.deadlineMs, endsAt - context.clock.now());',
    replace: 'const leftMs = endsAt - context.clock.now();',
    detector: byTest('sensor-client/flush', 'a flush that has to move is given no longer by a clock'),
  },
  {
    name: 'program/silent-until-the-clock-is-back',
    breaks: 'LIVENESS: a clock that is set back by an hour makes a node that was away silent for an hour',
    file: 'sensor-client/silent-nodes.ts',
    find: 'return requests > 0 || (agoMs >= 0 && agoMs < SILENT_FOR_MS);',
    replace: 'return requests > 0 || agoMs < SILENT_FOR_MS;',
    detector: byTest('sensor-client/silent-nodes', 'a clock that is set back makes a node that was away'),
  },
  {
    name: 'program/keeps-an-erased-window',
    breaks: 'LIVENESS: a sensor keeps to a manual window that was erased since its last reading, for ever',
    file: 'sensor-client/upload-failures.ts',
    find: "return code === 'WINDOW_SEALED' || code === 'WINDOW_ERASED';",
    replace: "return code === 'WINDOW_SEALED';",
    detector: byTest('sensor-client/directory', 'so it does after a window that was erased'),
  },
  {
    name: 'program/window-of-another-label',
    breaks: 'LIVENESS: a window that is sealed for one label and open for another counts as open for both',
    file: 'sensor-client/directory.ts',
    find: 'if (part.group !== group || over.has(partOf(part))) return false;',
    replace: 'if (over.has(partOf(part))) return false;',
    detector: byTest('sensor-client/directory', 'a window counts as open for a reading only where'),
  },
  {
    name: 'program/record-waits-past-its-window',
    breaks: 'recorded readings of a window that ends soon wait for the interval of another one, and are lost',
    file: 'sensor-client/recorder.ts',
    find: 'if (next !== null && next.at <= at) return;',
    replace: 'if (next !== null) return;',
    detector: byTest(
      'sensor-client/recorder',
      'a record is sent before its window ends, also where it begins',
    ),
  },
  {
    name: 'program/record-waits-for-old-flags',
    breaks:
      'recorded readings wait while nodes do not say what became of flags before, and their window ends',
    file: 'sensor-client/recorder.ts',
    find: `    next = null;
    await sendAll();
    await doubtful.settle();`,
    replace: `    await sendAll();
    await doubtful.settle();
    next = null;`,
    detector: byTest('sensor-client/recorder', 'what is recorded is sent in time, also while nobody says'),
  },
  {
    name: 'program/lost-record-told-twice',
    breaks:
      'recorded readings that are in no result are told as twice as many where two ask for them at once',
    file: 'sensor-client/doubtful-flags.ts',
    find: 'const asked = asking.get(flagKey) ?? ask(flagKey, count)',
    replace: 'const asked = ask(flagKey, count)',
    detector: byTest('sensor-client/recorder', 'a reading that turns out to be in no result is told once'),
  },
  {
    name: 'program/memory-written-at-once',
    breaks: 'what a sensor has seen of its ring is torn where two nodes bring newer documents at once',
    file: 'sensor-client/node-ports.ts',
    find: 'const saved = before.then(() => replace(text));',
    replace: 'const saved = replace(text);',
    detector: byTest('sensor-client/memory', 'a memory in a file keeps the text that was saved last'),
  },
  {
    name: 'program/compute-waits-for-the-clock',
    breaks: 'LIVENESS: a clock that is set back by an hour makes COMPUTE ask for an hour more than its wait',
    file: 'operator-cli/operator/within-wait.ts',
    find: 'leftMs -= Math.max(0, now - seen);',
    replace: 'leftMs -= now - seen;',
    detector: byTest('operator-cli/operator/within-wait', 'a question with a wait is over in time where'),
  },
  {
    name: 'program/key-of-an-interrupted-upload',
    breaks: 'a reading that may still be committed is told without the key to ask for it',
    file: 'sensor-client/upload-tally.ts',
    find: "return code === 'READING_UNDECIDED' || (code === 'READING_ABORTED' && details.setSent === true);",
    replace: "return code === 'READING_UNDECIDED';",
    detector: byTest('sensor-client/cli/report', 'the key to ask with is told of every reading'),
  },
  {
    name: 'program/others-never-opened-it',
    breaks: 'COMPUTE calls a window of which a domain has told its row one that was never opened',
    file: 'operator-cli/operator/compute.ts',
    find: 'if (rows.size === 0) throwIfUnknownToAll(',
    replace: 'if (rows.size >= 0) throwIfUnknownToAll(',
    detector: byTest(
      'operator-cli/operator/compute',
      'believes it of none once another one has told its row',
    ),
  },
];
