import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { expectGolden } from '../support/cli.ts';
import { FIELD, streamCreation } from '../support/stream-create.ts';

async function scene() {
  const creation = await streamCreation();
  return {
    ...creation,
    /** Creates the stream of a file and returns what --json says. */
    async fromFile(stream: unknown) {
      await writeFile(join(creation.workingFolder, 'stream.json'), JSON.stringify(stream, null, 2));
      const { code, out, err } = await creation.run('--file', 'stream.json', '--json', '--quiet');
      return { code, err, created: out === '' ? undefined : JSON.parse(out) };
    },
  };
}

const celsius = { name: 'celsius', decimals: 1, min: '-40', max: '60' };

describe('a stream from a file', () => {
  it('gets nonce, keys, domains and every limit that the file leaves out', async () => {
    const { clouds, documents, fromFile } = await scene();
    const { code, created } = await fromFile({ name: 'air', fields: [celsius], publicData: true });
    expect(code).toBe(0);
    expect(created).toMatchObject({
      version: 1,
      suite: 'field128-additive-1',
      nonce: expect.stringMatching(/^[0-9a-f]{32}$/),
      operatorKey: clouds.ring.operatorKey,
      fields: [{ ...celsius, unit: '', offset: '10' }],
      elements: ['count', 'celsius', 'celsius^2'],
      domains: clouds.ring.domains.map(({ domain, key }) => ({ id: domain, key })),
      window: { kind: 'manual' },
      maxReadings: 1_000_000,
      maxExcluded: 1_000,
      enrolment: 'open',
      groups: [],
    });
    expect(new Set(documents).size).toBe(1);
    expect(documents).toHaveLength(6);
  });

  it('may be the one that the documents show', async () => {
    const { fromFile } = await scene();
    const text = await readFile(new URL('../../../docs/STATISTICS.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```json\n([\s\S]*?)^```/m.exec(text) ?? [];
    const { code, err, created } = await fromFile(JSON.parse(example));
    expect(code, err).toBe(0);
    expect(created).toMatchObject({ name: 'vote', publishesCells: true, enrolment: 'required' });
  });

  it('keeps all that the file says', async () => {
    const { clouds, fromFile } = await scene();
    const [a, b] = clouds.ring.domains;
    const stream = {
      version: 1,
      suite: 'field128-additive-1',
      name: 'grades',
      nonce: 'ab'.repeat(16),
      operatorKey: clouds.ring.operatorKey,
      fields: [
        { name: 'grade', unit: 'points', decimals: 0, offset: '0', min: '1', max: '6' },
        { name: 'hours', unit: 'h', decimals: 2, offset: '1.5', min: '0', max: '24' },
      ],
      elements: [
        { kind: 'count' },
        { kind: 'moment', factors: [{ field: 'hours', power: 1 }] },
        {
          kind: 'moment',
          factors: [
            { field: 'grade', power: 1 },
            { field: 'hours', power: 1 },
          ],
        },
        { kind: 'cell', field: 'grade', from: '1', to: '4' },
        { kind: 'cell', field: 'grade', from: '4', to: '7' },
      ],
      domains: [{ id: b?.domain }, { id: a?.domain, key: a?.key }],
      window: { kind: 'fixed', durationMs: 900_000 },
      graceMs: 5_000,
      flagTimeoutMs: 20_000,
      minSensors: 30,
      minCommittedPercent: 95,
      maxReadings: 5_000,
      maxExcluded: 7,
      retentionMs: 3_600_000,
      countMode: 'single',
      seeds: false,
      publishesCells: true,
      publicData: true,
      enrolment: 'open',
      groups: [],
    };
    const { created } = await fromFile(stream);
    expect(created).toMatchObject({
      ...stream,
      elements: ['count', 'hours', 'grade*hours', 'cell of grade from 1 to 4', 'cell of grade from 4 to 7'],
      domains: [
        { id: 'b', key: b?.key },
        { id: 'a', key: a?.key },
      ],
    });
  });

  it.each<[string, object, RegExp]>([
    [
      'a typing error in the name of a limit',
      { minSensor: 5 },
      /a stream at \/minSensor: no such field; got 5/,
    ],
    [
      'a typing error inside a field',
      { fields: [{ ...celsius, decimal: 1 }] },
      /a stream at \/fields\/0\/decimal: no such field; got 1/,
    ],
    [
      'a bound that is a number',
      { fields: [{ ...celsius, min: -40 }] },
      /\/fields\/0\/min: type string; got -40/,
    ],
    ['a duration in words', { graceMs: '5m' }, /\/graceMs: type integer; got "5m"/],
    ['no field', { fields: [] }, /\/fields: .*; got a list of 0/],
    [
      'no decimals',
      { fields: [{ name: 'x', min: '0', max: '1' }] },
      /\/fields\/0: the field decimals; got none/,
    ],
    [
      'another version',
      { version: 2 },
      /UNSUPPORTED_VERSION: stream.json: expected a stream of format 1, got 2/,
    ],
    [
      'a domain that is not there',
      { domains: [{ id: 'x' }, { id: 'a' }] },
      /domains of the ring \(a, b, c\), got x/,
    ],
    [
      'a key of another domain',
      { domains: [{ id: 'b', key: 'A'.repeat(43) }, { id: 'a' }] },
      /STREAM_REFUSED: .*key/,
    ],
    ['decimals beyond the field', { fields: [{ ...celsius, decimals: 1e15 }] }, /expected 0 to 38 decimals/],
    [
      'bounds in the wrong order',
      { fields: [{ ...celsius, min: '61' }] },
      /min to be at most max, got 61 and 60/,
    ],
    [
      'cells that are not announced',
      {
        elements: [{ kind: 'count' }, { kind: 'cell', field: 'celsius', from: '-40', to: '61' }],
        publishesCells: false,
      },
      /publishesCells true/,
    ],
  ])('with %s is refused by name, and no node is asked', async (_, change, message) => {
    const { clouds, fromFile } = await scene();
    const refused = await fromFile({ name: 'air', fields: [celsius], publicData: true, ...change });
    expect(refused.code).not.toBe(0);
    expect(refused.err).toMatch(message);
    expect(clouds.asked).toEqual([]);
  });

  it('excludes the options that would say the same', async () => {
    const { run } = await scene();
    const both = await run('--file', 'stream.json', '--min', '0');
    expect(both).toMatchObject({ code: 2, out: '' });
    expect(both.err).toContain("option '-f, --file <file>' cannot be used with option '--min <number>'");
  });

  it('that cannot be read is named with its path', async () => {
    const { run } = await scene();
    const { code, err } = await run('-f', 'nothing.json');
    expect(code).toBe(2);
    expect(err).toMatch(
      /^INVALID_ARGUMENT: expected to read the stream at .*nothing\.json, got ENOENT \(no such file or folder\)\n$/,
    );
  });
});

describe('a stream from options', () => {
  it('of several fields shares their products, and fields say what differs', async () => {
    const { run } = await scene();
    const { out } = await run(
      ...['--name', 'air', '--field', 'pm10,unit=ug,decimals=0', '--field', 'ozone,max=300.5'],
      ...['--decimals', '1', '--min', '0', '--max', '500', '--public-data', '--json'],
    );
    expect(JSON.parse(out)).toMatchObject({
      fields: [
        { name: 'pm10', unit: 'ug', decimals: 0, min: '0', max: '500' },
        { name: 'ozone', unit: '', decimals: 1, min: '0', max: '300.5' },
      ],
      elements: ['count', 'pm10', 'ozone', 'pm10^2', 'pm10*ozone', 'ozone^2'],
    });
  });

  it.each(['decimals', 'min', 'max', 'unit', 'window'])(
    'refuses --%s twice, of which one would be lost',
    async (name) => {
      const { run } = await scene();
      const given = { decimals: '1', min: '0', max: '5', unit: 'C', window: '1h' };
      const all = Object.entries(given).flatMap(([option, value]) => [`--${option}`, value]);
      const { code, err } = await run(
        '--name',
        'air',
        '--field',
        'x',
        ...all,
        '--field',
        'y',
        `--${name}`,
        '2',
      );
      expect(code).toBe(2);
      expect(err).toMatch(/Expected it once, for all fields/);
    },
  );

  it('takes spans for window, grace, flag timeout and retention', async () => {
    const { run } = await scene();
    const spans = ['--window', '15m', '--grace', '90s', '--flag-timeout', '2m', '--retention', '30d'];
    const { out } = await run('--name', 't', ...FIELD, ...spans, '--public-data', '--json');
    expect(JSON.parse(out)).toMatchObject({
      window: { kind: 'fixed', durationMs: 900_000 },
      graceMs: 90_000,
      flagTimeoutMs: 120_000,
      retentionMs: 30 * 86_400_000,
    });
  });

  it('takes batches, and shares as seeds, where it is told to', async () => {
    const { documents, run } = await scene();
    const both = await run('--name', 't', ...FIELD, '--batches', '--seeds', '--public-data');
    expect(both.code).toBe(0);
    expect(both.out).toMatch(/batches +many readings under one flag/);
    expect(both.out).toMatch(/shares +all but the last are seeds/);
    const plain = await run('--name', 't', ...FIELD, '--public-data');
    expect(plain.code).toBe(0);
    const [first, second] = [...new Set(documents)].map((jws) =>
      JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()),
    );
    expect(first).toMatchObject({ countMode: 'batch', seeds: true });
    expect(second).toMatchObject({ countMode: 'single', seeds: false });
  });

  it.each([
    [['--field', 'x,decimal=1'], /Expected unit, decimals, offset, min or max of field x, got "decimal"/],
    [['--field', 'unit=C'], /Expected the name of the field first/],
    [['--window', '15'], /--window <length>.*Expected a span such as 90s, 15m, 2h or 7d, from 1s to 366d/],
    [['--retention', '91d'], /--retention <span>.*to 90d/],
    [['--enrolment', 'none'], /Allowed choices are required, open/],
    [
      ['--name', 't', '--field', 'x', '--min', '0', '--max', '1'],
      /expected --decimals for the field x, got none/,
    ],
    [['--name', 't'], /expected --field, got none/],
    [['--name', 'Big Name', ...FIELD], /SCHEMA_MISMATCH: expected in a stream at \/name/],
  ])('%j is a wrong call', async (args, message) => {
    const { run } = await scene();
    const wrong = await run(...args);
    expect(wrong.code).not.toBe(0);
    expect(wrong.err).toMatch(message);
  });

  it('is refused with the numbers when private readings would not be hidden', async () => {
    const { clouds, run } = await scene();
    const few = await run('--name', 't', ...FIELD, '--min-sensors', '6');
    expect(few).toMatchObject({ code: 4, out: '' });
    expect(few.err).toMatch(/STREAM_REFUSED: expected minSensors of at least 8, .* 20 bits .*, got 6\n/);
    const votes = await run('--name', 't', '--field', 'yes', '--decimals', '0', '--min', '0', '--max', '1');
    expect(votes.err).toMatch(/STREAM_REFUSED: expected sums that leave single readings open/);
    expect(clouds.asked).toEqual([]);
  });

  it('prints capacity, the ambiguity estimate and the least sensors', async () => {
    const { run } = await scene();
    const { code, out } = await run('--name', 'temperature', ...FIELD, '--unit', 'C', '--public-data');
    expect(code).toBe(0);
    await expectGolden('stream-create.txt', out.replace(/[0-9a-f]{64}/, 'HASH'));
  });
});
