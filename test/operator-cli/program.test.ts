import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../../src/foundation/index.ts';
import type { NodeAudit } from '../../src/protocol/index.ts';
import { operations } from '../../src/protocol/index.ts';
import { windowId } from '../../src/ring/index.ts';
import { temporaryFolder } from '../support/folders.ts';
import { cli, clusterFolder, expectGolden } from './support/cli.ts';
import {
  fakeClouds,
  honestRows,
  listedWindow,
  serveRows,
  serveWindows,
  WINDOW,
  withheldRows,
} from './support/fake-clouds.ts';

/** Clouds that know one stream with one window, and a configuration that leads to them. */
async function servedClouds(readings: readonly string[] = ['20.5', '21', '-3.7']) {
  const clouds = await fakeClouds();
  const { hash, name } = clouds.stream;
  clouds.on(operations.LIST_STREAMS, () => ({ streams: [{ stream: hash, name }] }));
  serveWindows(clouds, [listedWindow(WINDOW, 'SEALED')]);
  clouds.on(operations.SEAL, () => ({ sealed: true, partitionsOpen: 0, reason: '' }));
  serveRows(clouds, honestRows(clouds.stream, readings));
  const config = join(await clusterFolder(), 'operator.json');
  return { clouds, config, run: (...args: string[]) => cli([...args, '--config', config], { clouds }) };
}

describe('a wrong call', () => {
  it.each([
    [['comput', 't'], "error: unknown command 'comput' (Did you mean compute?)\n"],
    [['compute', 't', '--digit', '3'], "error: unknown option '--digit' (Did you mean --digits?)\n"],
    [['compute'], "error: missing required argument 'stream'\n"],
    [['compute', 't', 'u'], /^error: too many arguments/],
    [
      ['compute', 't', '--digits', '0'],
      /^error: option '--digits <n>' argument '0' is invalid\. .*1 to 1000/,
    ],
    [['compute', 't', '--window', 'yesterday'], /--window <start>.*2026-01-31T12:00Z/],
    [['window', 'open', 't', '--latest', '2026-01-01T00:00'], /--latest/],
    [['stream', 'create'], /^INVALID_ARGUMENT: expected --name, or --file with a whole stream, got none\n$/],
    [['stream', 'creat'], /Did you mean create/],
    [['compute', 't', '--json', '--format', 'csv'], /expected one of --json, --csv and --format, got two/],
    [['compute', 't', '--json', '--csv'], /expected one of --json, --csv and --format, got two/],
  ])('%j gets one clear line and exit code 2', async (args, message) => {
    const run = await cli(args);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toMatch(message);
    expect(run.err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('asked for its version, tells that of the package', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    expect(await cli(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('without a command prints the help and fails', async () => {
    const run = await cli([]);
    expect(run.code).toBe(2);
    expect(run.err).toContain('Usage: m-cloud');
  });

  it('without a configuration says where one is looked for', async () => {
    const run = await cli(['status']);
    expect(run).toMatchObject({ code: 2, out: '' });
    expect(run.err).toMatch(
      /^INVALID_ARGUMENT: expected to read the configuration at \/nowhere\/operator.json/,
    );
    expect(run.err).toContain('m-cloud cluster init');
  });

  it('with MCLOUD_CONFIG looks there', async () => {
    const run = await cli(['status'], { variables: { MCLOUD_CONFIG: 'there.json' } });
    expect(run.err).toContain('/nowhere/there.json');
  });
});

describe('compute', () => {
  it('prints a table for people', async () => {
    const { run } = await servedClouds();
    const { code, out, err } = await run('compute', 'temperatures', '--seal');
    expect(err).toBe('development ring: one party made all keys, so nothing here is private\n');
    expect(code).toBe(0);
    await expectGolden('compute.txt', out);
  });

  it('prints one JSON value for programs, and nothing else with --quiet', async () => {
    const { run } = await servedClouds();
    const { code, out, err } = await run('compute', 'temperatures', '--json', '--quiet', '--digits', '20');
    expect([code, err]).toEqual([0, '']);
    expect(out.split('\n')).toHaveLength(2);
    await expectGolden('compute.json.txt', `${JSON.stringify(JSON.parse(out), null, 2)}\n`);
  });

  it('marks exact numbers, and says none where there is no number', async () => {
    const { run } = await servedClouds(['4']);
    const { out } = await run('compute', 'temperatures');
    expect(out).toMatch(/mean +4 {2}=/);
    expect(out).toMatch(/sample +none\n/);
  });

  it('uses colours only on a terminal and never with NO_COLOR', async () => {
    const { clouds, config } = await servedClouds();
    const args = ['compute', 'temperatures', '--config', config];
    expect((await cli(args, { clouds, colours: true })).out).toContain('\u001b[');
    const variables = { NO_COLOR: '1' };
    expect((await cli(args, { clouds, colours: true, variables })).out).not.toContain('\u001b[');
  });

  it.each([
    [
      'INCOMPLETE',
      8,
      'incomplete',
      `INCOMPLETE: expected a result, got none
    domain a: flags undecided
    domain b: flags undecided
    domain c: flags undecided
The same`,
    ],
    ['WITHHELD', 9, 'withheld', 'WITHHELD: domain a: fewer than 13 sensors\n'],
  ])('ends %s with exit code %i and the reason', async (kind, code, state, told) => {
    const { clouds, run } = await servedClouds();
    if (kind === 'WITHHELD') serveRows(clouds, withheldRows(clouds.stream, 'fewer than 13 sensors'));
    else clouds.on(operations.COMPUTE, () => ({ status: 'INCOMPLETE' as const, reason: 'flags undecided' }));
    const text = await run('compute', 'temperatures', '--wait', '1');
    expect(text).toMatchObject({ code, out: '' });
    expect(text.err).toContain(told);
    const json = await run('compute', 'temperatures', '--wait', '1', '--json');
    expect(json.code).toBe(code);
    expect(JSON.parse(json.out)).toMatchObject({
      windows: [],
      total: null,
      missing: [{ window: WINDOW, group: null, state }],
    });
  });

  it('tells the windows without a result under each other, and their domains beneath them', async () => {
    const { clouds, run } = await servedClouds();
    const days = [0, 1, 2, 3].map((day) => windowId(WINDOW + day * 86_400_000));
    serveWindows(
      clouds,
      days.map((day) => listedWindow(day)),
    );
    clouds.on(operations.COMPUTE, () => ({ status: 'INCOMPLETE' as const, reason: 'flags undecided' }));
    const { err } = await run('compute', 'temperatures', '--wait', '0');
    const lines = err.split('\n').filter((line) => !line.startsWith('development ring'));
    expect(lines[0]).toBe('INCOMPLETE: expected a result, got none of 4');
    expect(lines[1]).toMatch(/^ {2}window \d+ \([^)]*\): incomplete$/);
    expect(lines[2]).toBe('    domain a: flags undecided');
    expect(lines).toContain('  and 1 more');
    for (const line of lines) expect(line.length).toBeLessThan(100);
  });

  it('prints every window of a series, the total, and what is missing from it', async () => {
    const { clouds, run } = await servedClouds();
    const [second, third, fourth] = [1, 2, 3].map((day) => windowId(WINDOW + day * 86_400_000));
    if (second === undefined || third === undefined || fourth === undefined) expect.unreachable();
    serveWindows(clouds, [
      listedWindow(WINDOW),
      listedWindow(second, 'WITHHELD'),
      listedWindow(third),
      listedWindow(fourth, 'OPEN'),
    ]);
    serveRows(clouds, [
      ...honestRows(clouds.stream, ['20.5', '21', '-3.7']),
      ...withheldRows(clouds.stream, 'fewer than 13 sensors', { window: second }),
      ...honestRows(clouds.stream, ['60', '60'], { window: third }),
    ]);
    const text = await run('compute', 'temperatures');
    expect(text.code).toBe(0);
    await expectGolden('compute-series.txt', text.out);
    const json = await run('compute', 'temperatures', '--json');
    await expectGolden('compute-series.json.txt', `${JSON.stringify(JSON.parse(json.out), null, 2)}\n`);
    const day = await run('compute', 'temperatures', '--from', '2026-01-03', '--to', '2026-01-04', '--json');
    expect(JSON.parse(day.out).total).toMatchObject({ parts: 1, readings: 2 });
    const none = await run('compute', 'temperatures', '--from', '2026-01-05');
    expect(none.err).toMatch(/WINDOW_NOT_OPEN: expected a window of stream temperatures from \d+, got none/);
  });

  it('prints one line for each window while it follows, and ends well when it is stopped', async () => {
    const { clouds, config } = await servedClouds();
    const stop = new AbortController();
    const lines: string[] = [];
    const run = await cli(['compute', 'temperatures', '--follow', '--json', '--config', config], {
      clouds,
      signal: stop.signal,
      out: (text) => {
        lines.push(text);
        stop.abort(new Error('stopped'));
      },
    });
    expect(run).toMatchObject({ code: 0, err: '' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ window: WINDOW, group: null, readings: 3 });
  });

  it.each([
    [['--window', 'latest', '--from', '2026-01-01'], /'--window <start>' cannot be used with option '--from/],
    [['--follow', '--seal'], /'--seal' cannot be used with option '--follow'/],
    [['--from', '+1h'], /--from <time>.*Expected Unix milliseconds/],
    [['--from', '2026-02-01', '--to', '2026-01-01'], /expected --to after --from/],
    [['--group', 'north'], /expected no group, got "north"/],
  ])('refuses %j', async (args, message) => {
    const { run } = await servedClouds();
    const wrong = await run('compute', 'temperatures', ...args);
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toMatch(message);
  });

  it('ends a contradiction between domains with exit code 10', async () => {
    const { clouds, run } = await servedClouds();
    const rows = honestRows(clouds.stream, ['1', '2']);
    serveRows(
      clouds,
      rows.map((row, i) => (i === 1 ? { ...row, settled: new Uint8Array(32) } : row)),
    );
    const { code, out, err } = await run('compute', 'temperatures');
    expect([code, out]).toEqual([10, '']);
    expect(err).toContain('IMPOSSIBLE_AGGREGATE: expected one settled set');
  });

  it('names the way to the list of streams when it does not know one', async () => {
    const { run } = await servedClouds();
    const { code, err } = await run('compute', 'nothing');
    expect(code).toBe(5);
    expect(err).toContain('UNKNOWN_STREAM: ');
    expect(err).toContain('m-cloud stream list');
  });

  it('shows a stack trace only under MCLOUD_DEBUG', async () => {
    const { clouds, config } = await servedClouds();
    clouds.on(operations.COMPUTE, () => {
      throw new EngineError('FORBIDDEN', 'no');
    });
    const args = ['compute', 'temperatures', '--config', config];
    expect((await cli(args, { clouds })).err).not.toContain('    at ');
    expect((await cli(args, { clouds, variables: { MCLOUD_DEBUG: '1' } })).err).toContain('    at ');
  });

  it('ends with exit code 130 when it is interrupted', async () => {
    const { clouds, config } = await servedClouds();
    const run = await cli(['compute', 'temperatures', '--config', config], {
      clouds,
      signal: AbortSignal.abort(),
    });
    expect(run).toMatchObject({ code: 130, out: '' });
  });
});

describe('streams and windows', () => {
  const unbounded = ['--name', 'power', '--field', 'watts', '--decimals', '1', '--min', '-5'];
  const terms = [...unbounded, '--max', '40'];

  it('are created with hash, capacity, ambiguity and the least sensors', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.PUT_STREAM, (node) => {
      if (node === 'b2') throw new EngineError('UNREACHABLE', 'no answer');
      return { done: true };
    });
    const json = await run('stream', 'create', ...terms, '--public-data', '--json');
    expect(json.code).toBe(0);
    expect(json.err).toContain('node b2 did not take it: UNREACHABLE');
    const created = JSON.parse(json.out);
    expect(created).toMatchObject({
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      fields: [{ name: 'watts', min: '-5', max: '40', offset: '17.5', decimals: 1 }],
      elements: ['count', 'watts', 'watts^2'],
      taken: ['a1', 'a2', 'b1', 'c1', 'c2'],
    });
    expect(created.minSensors).toBe(created.leastSensors);
    expect(created.ambiguityBits).toBeGreaterThanOrEqual(20);
    const text = await run('stream', 'create', ...terms, '--public-data', '--min-sensors', '2');
    expect(text.out).toMatch(/ambiguity .*too few/);
    expect(text.out).toContain(`${created.leastSensors} sensors are the least that passes: 20 bits open`);
  });

  it('are refused with the numbers', async () => {
    const { clouds, run } = await servedClouds();
    const huge = ['--max', '1000000000000000000', '--degree', '4', '--public-data'];
    const full = await run('stream', 'create', ...unbounded, ...huge);
    expect(full.code).toBe(4);
    expect(full.err).toMatch(/CAPACITY_EXCEEDED: element watts.*expected at most/);
    const domains = await run('stream', 'create', ...terms, '--public-data', '--domains', 'a,x');
    expect(domains).toMatchObject({ code: 2 });
    expect(domains.err).toContain('expected domains of the ring (a, b, c), got x');
    expect(clouds.asked).toEqual([]);
  });

  it('are listed and shown', async () => {
    const { clouds, run } = await servedClouds();
    const list = await run('stream', 'list', '--json');
    expect(JSON.parse(list.out)).toEqual([
      { stream: clouds.stream.hash, name: 'temperatures', retired: false },
    ]);
    const show = await run('stream', 'show', clouds.stream.hash.slice(0, 10));
    await expectGolden('stream-show.txt', show.out);
  });

  it('are opened from now for a day by default', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.OPEN_WINDOW, () => ({ done: true }));
    const { out, code } = await run('window', 'open', 'temperatures', '--json');
    expect(code).toBe(0);
    const now = clouds.clock.now();
    expect(JSON.parse(out)).toMatchObject({ window: now, notBefore: now, latest: now + 86_400_000 });
  });

  it('are told beside those that are open at the same time, between which a sensor would have to choose', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.OPEN_WINDOW, () => ({ done: true }));
    const before = windowId(clouds.clock.now() - 1);
    const beside = (state: 'OPEN' | 'SEALED', latest: number) => {
      serveWindows(clouds, [{ ...listedWindow(before, state), latest }]);
      return run('window', 'open', 'temperatures');
    };
    const now = clouds.clock.now();
    expect((await beside('OPEN', now + 1)).err).toContain(`also open at that time: ${before}; until`);
    expect((await beside('OPEN', now)).err).not.toContain('also open');
    expect((await beside('SEALED', now + 1)).err).not.toContain('also open');
  });

  it('take relative and absolute terms, in order', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.OPEN_WINDOW, () => ({ done: true }));
    const open = ['window', 'open', 'temperatures', '--window', '2026-01-31T12:00Z', '--json'];
    const start = Date.parse('2026-01-31T12:00Z');
    const { out } = await run(...open, '--not-before', '+1h', '--latest', '2026-01-31T14:00+01:00');
    expect(JSON.parse(out)).toMatchObject({
      window: start,
      notBefore: start + 3_600_000,
      latest: start + 3_600_000,
    });
    const wrong = await run(...open, '--not-before', '+2h', '--latest', '+1h');
    expect(wrong.code).toBe(2);
  });

  it('are sealed, or it is said why not', async () => {
    const { clouds, run } = await servedClouds();
    expect(await run('window', 'seal', 'temperatures')).toMatchObject({
      code: 0,
      out: `  sealed  ${WINDOW}  ${new Date(WINDOW).toISOString()}\n`,
    });
    clouds.on(operations.SEAL, () => ({ sealed: false, partitionsOpen: 7, reason: 'node b1 is away' }));
    const open = await run('window', 'seal', 'temperatures', '--wait', '1');
    expect(open.code).toBe(8);
    expect(open.err).toContain('got 7 that are not: node b1 is away');
  });
});

describe('status', () => {
  it('lists every node and fails when one is not ready', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.READ_STATUS, (node) => {
      if (node === 'b2') throw new EngineError('UNREACHABLE', 'no answer');
      return {
        node,
        domain: node.slice(0, 1),
        epoch: 1,
        ready: node !== 'c1',
        reasons: node === 'c1' ? ['starting'] : [],
        storeId: '00',
        commitSeq: 1,
        corruptRows: 0,
        undecidedFlags: 2,
        thinPartitions: 3,
        hintedPartitions: 0,
        acceptors: 1,
        streams: 1,
        uptimeMs: 61_000,
        clockMs: 0,
      };
    });
    const { code, out, err } = await run('status');
    expect(code).toBe(5);
    expect(err).toContain('NOT_READY: expected all 6 nodes ready, got 2 that are not: b2, c1');
    await expectGolden('status.txt', out);
  });

  it('says what a domain that is away keeps waiting', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.READ_STATUS, () => {
      throw new EngineError('UNREACHABLE', 'no answer');
    });
    const { out } = await run('status');
    expect(out).toContain(
      'No node of a, b, c serves: uploads and results of streams with these domains wait',
    );
  });
});

describe('doctor', () => {
  const sound = (node: string): NodeAudit => ({
    node,
    domain: node.slice(0, 1),
    epoch: 1,
    rows: { good: 12, corrupt: 0, misplaced: 0, conflict: 0, stray: 0 },
    flags: { true: 10, error: 1, elsewhere: 4, undecided: 1, overdue: 0, corrupt: 0, stray: 0 },
    windows: { OPEN: 1, SEALED: 0, SETTLED: 0, RELEASED: 2, WITHHELD: 0, overdue: 0 },
    copies: { partitions: 9, short: 0, foreign: 0, silent: 0 },
    thinPartitions: 0,
    hintedPartitions: 0,
    repairsWaiting: 0,
    doubt: null,
  });

  it('ends with OK where every node found nothing wrong', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.AUDIT, sound);
    const { code, out, err } = await run('doctor', '--quiet');
    expect([code, err]).toEqual([0, '']);
    await expectGolden('doctor.txt', out);
    const json = await run('doctor', '--json', '--quiet');
    expect(json.code).toBe(0);
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, problems: [], nodes: { length: 6 } });
  });

  it('prints a count that is told within bounds as such, and finds it where there should be none', async () => {
    const { clouds, run } = await servedClouds();
    const few = { above: 0, below: 13 };
    clouds.on(operations.AUDIT, (node) => {
      const { rows, flags, ...audit } = sound(node);
      return { ...audit, rows: { ...rows, good: few }, flags: { ...flags, undecided: few, overdue: few } };
    });
    const { code, out } = await run('doctor', '--quiet');
    expect(code).toBe(5);
    expect(out).toContain('< 13 flags are undecided long after their timeout');
    expect(out).toMatch(/a1 .* < 13 .* 16 to 27 .* < 13/);
  });

  it('asks the nodes of a domain one after another', async () => {
    const { clouds, run } = await servedClouds();
    const busy = new Set<string>();
    clouds.on(operations.AUDIT, async (node) => {
      expect(busy.has(node.slice(0, 1))).toBe(false);
      busy.add(node.slice(0, 1));
      await new Promise((resolve) => setImmediate(resolve));
      busy.delete(node.slice(0, 1));
      return sound(node);
    });
    expect(await run('doctor')).toMatchObject({ code: 0 });
  });

  it('lists everything that is wrong with a hint, and ends with 1 where something will not pass', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.AUDIT, (node) => {
      if (node === 'b2') throw new EngineError('UNREACHABLE', 'no answer');
      const audit = sound(node);
      if (node === 'a1') return { ...audit, doubt: 'commit records 3 to 4\rare missing', repairsWaiting: 2 };
      if (node === 'b1') return { ...audit, copies: { ...audit.copies, silent: 1 }, thinPartitions: 3 };
      if (node === 'c1') return { ...audit, rows: { ...audit.rows, corrupt: 1, misplaced: 2 }, epoch: 2 };
      return audit;
    });
    const { code, out, err } = await run('doctor', '--quiet');
    expect(code).toBe(1);
    expect(err).toContain('UNSOUND: expected a sound cluster, got 4 problems that will not pass');
    await expectGolden('doctor-problems.txt', out);
  });

  it('ends with 5 where all that is wrong may pass', async () => {
    const { clouds, run } = await servedClouds();
    clouds.on(operations.AUDIT, (node) => {
      if (node === 'b2') throw new EngineError('OVERLOADED', 'another audit runs here');
      return node === 'b1' ? { ...sound(node), thinPartitions: 1 } : sound(node);
    });
    const { code, out, err } = await run('doctor', '--json');
    expect(code).toBe(5);
    expect(err).toContain('NOT_READY: expected a sound cluster, got 2 problems that may pass');
    const { ok, problems } = JSON.parse(out);
    expect(ok).toBe(false);
    expect(problems).toEqual([
      expect.objectContaining({ node: 'b1', what: '1 partition has too few copies', passing: true }),
      expect.objectContaining({ node: 'b2', what: 'no audit: OVERLOADED: another audit runs here' }),
    ]);
  });
});

describe('clusters and rings', () => {
  it('are made in a new folder and shown', async () => {
    const folder = await temporaryFolder();
    const made = await cli(['cluster', 'init', 'small', '--domains', '2', '--nodes', '1'], {
      workingFolder: folder,
    });
    expect(made.code).toBe(0);
    expect(made.err).toContain('no privacy');
    expect(made.out).toContain('https://127.0.0.1:7400');
    expect(await readdir(join(folder, 'small'))).toContain('operator.json');
    const shown = await cli(['ring', 'show', '--json', '--config', join(folder, 'small', 'operator.json')]);
    expect(shown).toMatchObject({ code: 0, err: '' });
    const ring = JSON.parse(shown.out);
    expect(ring).toMatchObject({ epoch: 1, development: true, domains: [{ domain: 'cloud-a' }, {}] });
    const text = await cli(['ring', 'show', '--config', join(folder, 'small', 'operator.json')]);
    expect(text.out).toContain('yes: one party made all keys');
    const again = await cli(['cluster', 'init', 'small'], { workingFolder: folder });
    expect(again).toMatchObject({ code: 2, out: '' });
  });
});
