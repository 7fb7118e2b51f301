import type { WindowSummary } from '../src/protocol/index.ts';
import type { StreamDocument } from '../src/protocol/stream-document.ts';
import { groupsOf } from '../src/protocol/stream-groups.ts';
import { SENSORS_MIN_DEFAULT } from '../src/protocol/stream-limits.ts';
import { elementName } from '../src/sharing/index.ts';
import { AMBIGUITY_BITS, ambiguityBits, checkCapacity, LEAST_SENSORS_MAX } from '../src/statistics/index.ts';
import { leastSafeSensors } from './operator/index.ts';
import { shownSpan } from './option-values.ts';
import { counted, type Palette, renderTable, shownTime } from './output.ts';

/** What a stream promises, as JSON; `leastSensors` is null where no number of sensors is enough. */
export function streamJson(stream: StreamDocument) {
  const least = leastSafeSensors(stream);
  // The estimate takes a step per sensor, and beyond this many it has long settled.
  const bits = ambiguityBits(stream, Math.min(stream.minSensors, LEAST_SENSORS_MAX));
  const { maxReadingsLimit } = checkCapacity(stream, stream.maxReadings);
  const { jws: _, hash, elements, ...terms } = stream;
  return {
    hash,
    ...terms,
    elements: elements.map(elementName),
    capacity: { maxReadings: stream.maxReadings, maxReadingsLimit: maxReadingsLimit.toString() },
    // Null: without moments all is open, with too many nobody knows.
    ambiguityBits: Number.isFinite(bits) ? Number(bits.toFixed(1)) : null,
    leastSensors: Number.isFinite(least) ? least : null,
  };
}

/** What a stream measures and promises, for people. */
export function streamText(stream: StreamDocument, palette: Palette): string {
  const { capacity, ambiguityBits: bits, leastSensors: least } = streamJson(stream);
  const fields = stream.fields.map(({ name, unit, decimals, min, max, offset }) => [
    `field ${name}`,
    `${min} to ${max}${unit === '' ? '' : ` ${unit}`}, ${counted(decimals, 'decimal')}, offset ${offset}`,
  ]);
  const leaves =
    bits === null
      ? stream.elements.some(({ kind }) => kind === 'moment')
        ? 'leaves nobody knows how much open'
        : 'leaves everything open'
      : bits <= 0
        ? 'leaves nothing open'
        : `leaves about ${bits} bits open`;
  const needed =
    least === null
      ? 'no number of sensors is known to be enough'
      : `${least} sensors are the least that passes: ${AMBIGUITY_BITS} bits open, and never below ${SENSORS_MIN_DEFAULT}`;
  const wanted =
    least !== null && stream.minSensors >= least ? palette.good('enough') : palette.bad('too few');
  return renderTable([
    ['stream', palette.strong(stream.name)],
    ['hash', stream.hash],
    ...fields,
    ['shared', stream.elements.map(elementName).join(', ')],
    ['domains', stream.domains.map(({ id }) => id).join(', ')],
    ['capacity', `${capacity.maxReadings} readings a window (up to ${capacity.maxReadingsLimit} would fit)`],
    [
      'gate',
      `at least ${counted(stream.minSensors, 'sensor')}, ${stream.minCommittedPercent} % of those that sent a share`,
    ],
    ['ambiguity', `a result of ${counted(stream.minSensors, 'sensor')} ${leaves}: ${wanted}`],
    ['', needed],
    ['windows', windowsOf(stream)],
    ...(stream.groups.length === 0 ? [] : [['groups', stream.groups.join(', ')]]),
    ...(stream.countMode === 'batch'
      ? [['batches', 'many readings under one flag; their number is public']]
      : []),
    ...(stream.publishesCells
      ? [['cells', 'how many readings fell into each is published, however few they are']]
      : []),
    ...(stream.seeds ? [['shares', 'all but the last are seeds: secret by computation only']] : []),
    ['erased', `${shownSpan(stream.retentionMs)} after the end of a window`],
    ['sensors', stream.enrolment === 'required' ? 'enrolled ones only' : 'anyone may upload'],
    ['public data', stream.publicData ? 'yes: the readings are no secret' : 'no'],
  ]);
}

function windowsOf({ window, graceMs }: StreamDocument): string {
  if (window.kind === 'manual') return 'opened by hand';
  const grace = graceMs === 0 ? '' : `, late readings for ${shownSpan(graceMs)}`;
  return `${shownSpan(window.durationMs)} long, aligned to UTC${grace}`;
}

/** The windows of a stream, newest first, and in each its groups. */
export function windowsText(windows: readonly WindowSummary[], groups: readonly string[]): string {
  if (windows.length === 0) return '  no window was opened yet\n';
  const labelled = (cell: string) => (groups.length === 0 ? [] : [cell]);
  const rows = windows
    .toSorted((a, b) => b.window - a.window)
    .map(({ window, group, state, notBefore, latest }) => [
      String(window),
      shownTime(window),
      ...labelled(groupsOf({ groups }).find((one) => one.group === group)?.name ?? ''),
      state,
      shownTime(notBefore),
      shownTime(latest),
    ]);
  return renderTable([
    ['window', 'starts', ...labelled('group'), 'state', 'not sealed before', 'sealed at the latest'],
    ...rows,
  ]);
}
