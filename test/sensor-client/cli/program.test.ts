import { describe, expect, test } from 'vitest';
import type { CliEnvironment } from '../../../sensor-client/cli/environment.ts';
import { runSensorCli } from '../../../sensor-client/cli/program.ts';
import { EngineError, utf8 } from '../../../src/foundation/index.ts';
import type { SceneOptions } from '../../support/sensor-scene.ts';
import { sensorScene, WINDOW } from '../../support/sensor-scene.ts';

interface Call {
  readonly scene?: SceneOptions;
  readonly files?: Readonly<Record<string, string>>;
  readonly input?: readonly string[];
  readonly environment?: Partial<CliEnvironment>;
}

/** Runs `m-cloud-sensor COMMAND --bundle sensor.json --stream HASH --allow-development ARGS`. */
async function run(command: string, args: readonly string[], call: Call = {}) {
  const scene = await sensorScene(call.scene);
  const files: Record<string, string> = { 'sensor.json': JSON.stringify(scene.bundle), ...call.files };
  let out = '';
  let err = '';
  async function* input() {
    for (const piece of call.input ?? []) yield utf8(piece);
  }
  const common = ['--bundle', 'sensor.json', '--stream', scene.stream.hash, '--allow-development'];
  const exit = await scene.clock.until(
    runSensorCli([command, ...common, ...args], {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      input: input(),
      async readFile(path) {
        const text = files[path];
        if (text === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
        return utf8(text);
      },
      writeSecret: async () => {},
      memory: (path) => ({
        load: async () => files[path] ?? null,
        save: async (text) => {
          files[path] = text;
        },
      }),
      columns: 100,
      liveProgress: false,
      signal: new AbortController().signal,
      ports: scene.ports,
      ...call.environment,
    }),
  );
  const committed = [...scene.nodes.flags.values()].filter((outcome) => outcome === 'TRUE').length;
  return { exit, out, err, committed, scene, files };
}

test('one value, also a negative one, is committed', async () => {
  const done = await run('upload', ['-3.5']);
  expect(done).toMatchObject({ exit: 0, out: 'committed 1 of 1 reading\n', err: '', committed: 1 });
  expect(done.scene.nodes.closed()).toBe(true);
});

test('a gateway commits a column in batches, each under one flag', async () => {
  const call = {
    scene: { stream: { countMode: 'batch' } },
    files: { 'day.csv': `c\n${Array.from({ length: 25 }, (_, i) => `${i}.5\n`).join('')}` },
  } as const;
  const column = ['--csv', 'day.csv', '--column', 'c', '--batch', '10'];
  const done = await run('upload', [...column, '--allow', 'batches'], call);
  expect(done).toMatchObject({ exit: 0, out: 'committed 25 of 25 readings\n', committed: 3 });
  // Nothing of a sensor that has not agreed to streams of batches.
  expect(await run('upload', column, call)).toMatchObject({ exit: 4, committed: 0 });
});

test('a reading with a label is committed where its sensor agrees that labels are public', async () => {
  const call = { scene: { stream: { groups: ['north', 'south'] } } } as const;
  const done = await run('upload', ['1', '--group', 'north', '--allow', 'labels'], call);
  expect(done).toMatchObject({ exit: 0, committed: 1 });
  const refused = await run('upload', ['1', '--group', 'north'], call);
  expect(refused).toMatchObject({ exit: 4, committed: 0 });
  expect(refused.err).toMatch(/^STREAM_REFUSED: .* labels are public; --allow labels agrees to it$/m);
});

test('a CSV column is committed, and --json prints exactly one object', async () => {
  const done = await run('upload', ['--csv', 'day.csv', '--column', 'c', '--json'], {
    files: { 'day.csv': 'time,c\n0,1.5\n1,-2\n2,3\n' },
  });
  expect(done).toMatchObject({ exit: 0, err: '', committed: 3 });
  expect(JSON.parse(done.out)).toEqual({
    stream: done.scene.stream.hash,
    readings: 3,
    committed: 3,
    undecided: 0,
    failed: 0,
    failuresByCode: {},
    failures: [],
  });
});

test('a stream of enrolled sensors wants a key before anything is uploaded', async () => {
  const done = await run('upload', ['1'], { scene: { stream: { enrolment: 'required' } } });
  expect(done).toMatchObject({ exit: 2, committed: 0 });
  expect(done.err).toMatch(/^INVALID_ARGUMENT: expected --key with the key of an enrolled sensor/);
});

test('standard input is uploaded line by line; a bad line fails alone', async () => {
  const done = await run('upload', ['--stdin', '--json'], { input: ['1\r\n2', '.5\nwarm\n', '4'] });
  expect(done).toMatchObject({ exit: 7, committed: 3 });
  expect(done.err).toBe('line 3: READING_NOT_A_NUMBER: field x: expected a decimal number such as -12.5\n');
  expect(JSON.parse(done.out)).toMatchObject({ readings: 4, committed: 3, failed: 1 });
});

describe('bad input is told and nothing is uploaded', () => {
  const csv = (text: string): Call => ({ files: { 'day.csv': text } });
  const column = ['--csv', 'day.csv', '--column', 'c'];
  test.each<[string, string[], Call, number, string]>([
    [
      'a blank cell',
      column,
      csv('a,c\n1,2\n3,\n'),
      3,
      'MALFORMED_TEXT: day.csv: row 2 (line 3), column c: expected a number',
    ],
    ['a cell out of bounds', column, csv('c\n1\n61\n'), 3, 'READING_OUT_OF_BOUNDS: row 2: field x: expected'],
    ['a cell too precise', column, csv('c\n1.25\n'), 3, 'READING_TOO_PRECISE: row 1: field x: expected'],
    [
      'an unknown column',
      column,
      csv('b\n1\n'),
      2,
      'INVALID_ARGUMENT: day.csv: expected one of the columns b, got c',
    ],
    [
      'a missing file',
      column,
      {},
      2,
      'INVALID_ARGUMENT: expected a readable file, got day.csv: ENOENT (no such file or folder)',
    ],
    ['a word as value', ['warm'], {}, 3, 'READING_NOT_A_NUMBER: the reading: field x: expected'],
    ['no reading', [], {}, 2, 'INVALID_ARGUMENT: expected one of VALUE, --stdin and --csv, got 0'],
    [
      'two sources',
      ['1', '--stdin'],
      {},
      2,
      'INVALID_ARGUMENT: expected one of VALUE, --stdin and --csv, got 2',
    ],
    [
      'a file without a column',
      ['--csv', 'day.csv'],
      csv('c\n1\n'),
      2,
      'INVALID_ARGUMENT: expected --csv and',
    ],
    ['a concurrency of none', ['1', '--concurrency', '0'], {}, 2, 'error: option'],
    ['a bundle that is none', ['1'], { files: { 'sensor.json': '{}' } }, 4, 'SCHEMA_MISMATCH'],
    ['an endless line', ['--stdin'], { input: ['1'.repeat(1_001)] }, 3, 'MALFORMED_TEXT: line 1: expected'],
    ['a stream without a window', ['1'], { scene: { windows: [] } }, 5, 'WINDOW_NOT_OPEN'],
  ])('%s', async (_, args, call, exit, message) => {
    const done = await run('upload', args, call);
    expect(done).toMatchObject({ exit, out: '', committed: 0 });
    expect(done.err).toContain(message);
  });
});

test('an undecided reading is told with the key to ask later, and `outcome` asks', async () => {
  const scene: SceneOptions = {
    fate: ({ operation }) => (['ACCEPT', 'SET'].includes(operation) ? 'reply lost' : 'arrives'),
  };
  const done = await run('upload', ['1', '--json', '--deadline', '30000'], { scene });
  expect(done.exit).toBe(6);
  const { flagKey } = JSON.parse(done.out).failures[0];
  expect(done.err).toContain(`(flag key ${flagKey})`);
  const asked = await run('outcome', [flagKey]);
  expect(asked).toMatchObject({ exit: 6, out: 'UNDECIDED\n' });
});

test.each(['upload', 'outcome'])(
  '%s in a development ring needs the option that names it',
  async (command) => {
    const { scene } = await run('upload', ['1']);
    let err = '';
    const exit = await runSensorCli([command, '--bundle', 'b', '--stream', scene.stream.hash, '1'], {
      out: () => {},
      err: (text) => {
        err += text;
      },
      input: (async function* () {})(),
      readFile: async () => utf8(JSON.stringify(scene.bundle)),
      writeSecret: async () => {},
      memory: () => ({ load: async () => null, save: async () => {} }),
      columns: 100,
      liveProgress: false,
      signal: new AbortController().signal,
      ports: scene.ports,
    });
    expect([exit, err]).toEqual([4, expect.stringContaining('RING_REFUSED')]);
  },
);

test('a terminal gets a bar on standard error, and the data stays clean', async () => {
  const done = await run('upload', ['--csv', 'day.csv', '--column', 'c'], {
    files: { 'day.csv': `c\n${'1\n'.repeat(10)}` },
    environment: { liveProgress: true },
  });
  expect(done.err).toContain('committed 1 of 10');
  expect(done.err).toContain('[###...');
  expect(done.out).toBe('committed 10 of 10 readings\n');
});

test('an interrupted command says so and ends with its own exit', async () => {
  const stop = new AbortController();
  const scene: SceneOptions = {
    fate: ({ operation }) => {
      if (operation === 'UPLOAD') stop.abort();
      return 'arrives';
    },
  };
  const done = await run('upload', ['1', '--window', String(WINDOW)], {
    scene,
    environment: { signal: stop.signal },
  });
  expect(done).toMatchObject({
    exit: 130,
    committed: 0,
    out: 'committed 0 of 1 reading, 1 not, 0 undecided\n',
  });
});

test('the help leads with examples and names every exit', async () => {
  const help = await run('upload', ['--help']);
  expect(help.exit).toBe(0);
  expect(help.out.startsWith('Examples:\n  m-cloud-sensor upload ')).toBe(true);
  for (const code of [0, 1, 2, 3, 4, 5, 6, 7, 130]) expect(help.out).toMatch(new RegExp(`\\n +${code}  `));
});

test('what was seen of the ring is kept beside the bundle, and an older bundle does not take it back', async () => {
  const first = await run('upload', ['1']);
  const seen = JSON.parse(first.files['sensor.json.seen'] ?? '');
  expect(seen).toMatchObject({ format: 1, ring: first.scene.ring.jws });
  const sections = { ...seen.sections, a: { ...seen.sections.a, version: 2 } };
  const files = { 'sensor.json.seen': JSON.stringify({ ...seen, sections }) };
  const rolledBack = await run('upload', ['1'], { files });
  expect(rolledBack.exit).toBe(4);
  expect(rolledBack.err).toMatch(/RING_REFUSED: expected the section of domain a .* of version 2/);
  const other = { ...seen, operatorKey: seen.domainKeys.a };
  const foreign = await run('upload', ['1'], { files: { 'sensor.json.seen': JSON.stringify(other) } });
  expect(foreign.err).toContain('RING_REFUSED: expected a memory of the ring of operator');
});

test('a folder that cannot be written is named once, and the reading is committed all the same', async () => {
  const memory = () => ({
    load: async () => null,
    save: async () => {
      throw new EngineError('STORE_FAILED', 'expected to write it, got EROFS');
    },
  });
  const { exit, err } = await run('upload', ['1'], { environment: { memory } });
  expect(exit).toBe(0);
  expect(err).toMatch(/got EROFS; an older ring would not be found out after a restart\n/);
});
