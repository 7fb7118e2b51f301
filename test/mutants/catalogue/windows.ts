import type { Mutant } from '../mutant.ts';
import { byTest } from '../mutant.ts';

/** Windows, groups, the gate and erasure. */
export const WINDOW_MUTANTS: readonly Mutant[] = [
  {
    name: 'windows/opened-on-any-terms',
    breaks: 'GATE: a coordinator opens a fixed window that can be sealed at will',
    file: 'node/services/decisions.ts',
    find: '  checkWindowTimes(stream, scope.window, times);\n',
    replace: '',
    detector: byTest('node/services/opening', 'are not opened by the operator'),
  },
  {
    name: 'windows/readings-before-the-start',
    breaks: 'GATE: sensors are accepted after the first readings of a window are there',
    file: 'node/services/admission.ts',
    find: 'if (clock.now() >= record.scope.window) return record;',
    replace: 'if (clock.now() >= 0) return record;',
    detector: byTest('node/services/opening', 'take nothing before they begin'),
  },
  {
    name: 'windows/reading-moved-to-now',
    breaks: 'a reading counts in the window of its upload and not in that of its time',
    file: 'sensor-client/directory.ts',
    find: 'fixedWindowAt(window.durationMs, at ?? options.clock.now())',
    replace: 'fixedWindowAt(window.durationMs, options.clock.now())',
    detector: byTest('sensor-client/directory', 'a reading goes into the window of its own time'),
  },
  {
    name: 'groups/mixed-into-a-total',
    breaks: 'GATE: the readings of one label are sealed and added with those of another',
    file: 'src/protocol/flag-key.ts',
    find: 'bigEndian(scope.window, 8), bigEndian(scope.group, 2)',
    replace: 'bigEndian(scope.window, 8), bigEndian(0, 2)',
    detector: byTest('node/services/groups', 'seals, settles and releases every group'),
  },
  {
    name: 'gate/skipped',
    breaks: 'GATE: a domain releases whatever is settled',
    file: 'node/services/releasing.ts',
    find: 'const withheld = await gate.check(record, held);',
    replace: 'const withheld = await gate.check(record, held).then(() => null);',
    detector: byTest('node/services/gate', 'counts distinct sensors and not readings'),
  },
  {
    name: 'gate/readings-instead-of-sensors',
    breaks: 'GATE: one sensor with many readings counts as many sensors',
    file: 'node/services/gate.ts',
    find: 'if (!counts || before === true) return;',
    replace: 'if (!counts) return;',
    detector: byTest('node/services/gate', 'counts a sensor once, whatever number of nodes'),
  },
  {
    name: 'gate/accepted-after-the-window-opened',
    breaks: 'GATE: sensors that were enrolled because of the first readings make up the minimum',
    file: 'node/services/gate.ts',
    find: "return standing.kind === 'accepted' && standing.acceptedAt <= scope.window;",
    replace: "return standing.kind === 'accepted';",
    detector: byTest('node/services/gate', 'are not those that came when the first readings were there'),
  },
  {
    name: 'gate/dropped-sensors-forgotten',
    breaks: 'GATE: whoever keeps readings from being committed chooses whose sum is told',
    file: 'src/protocol/gate.ts',
    find: 'if (included * 100 < held * minCommittedPercent)',
    replace: 'if (included * 100 < included * minCommittedPercent)',
    detector: byTest('node/services/gate', 'gets nothing for the minimum, where many more'),
  },
  {
    name: 'gate/floor-of-the-domain-ignored',
    breaks: "GATE: a stream lowers the domain's own minimum",
    file: 'src/protocol/gate.ts',
    find: 'accepted < Math.max(minSensors, floor)',
    replace: 'accepted < minSensors',
    detector: byTest('node/services/gate', 'keeps to the number of its own settings'),
  },
];
