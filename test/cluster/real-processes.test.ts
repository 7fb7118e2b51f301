import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeCluster } from '../../operator-cli/cluster/index.ts';
import { type ClusterClient, connectCluster, localCluster } from '../support/cluster-client.ts';
import { expectExact } from '../support/exact-result.ts';
import { buildPrograms, type NodeProcesses, nodeProcesses, startProgram } from '../support/node-processes.ts';

/** Where a sensor ends, and whether its reading must be in the result; undefined where both are right. */
const DEATHS: readonly (readonly [string, boolean | undefined])[] = [
  ['before UPLOAD', false],
  ['after one UPLOAD', false],
  ['before SET', false],
  ['during SET', undefined],
  ['after SET', true],
];
/** Powers of 4 name themselves: in base 4 every digit of a sum says how often one reading is in it. */
const powerOf4 = (exponent: number): string => (4n ** BigInt(exponent)).toString();

let client: ClusterClient;
let nodes: NodeProcesses;
let built: string;
let cluster: string;
let cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mcloud-test-'));
  cleanUp = [() => rm(folder, { recursive: true, force: true })];
  built = join(folder, 'built');
  cluster = join(folder, 'cluster');
  const material = await localCluster(3, 1);
  await Promise.all([buildPrograms(built), writeCluster(cluster, material)]);
  const all = material.domains.flatMap((domain) => domain.nodes);
  nodes = nodeProcesses(
    join(built, 'node/main.js'),
    new Map(all.map(({ id, domain }) => [id, join(cluster, domain, id, 'node.json')])),
  );
  cleanUp.push(() => nodes.killAll('SIGKILL'));
  await nodes.startAll();
  client = await connectCluster(material, {
    fields: [{ name: 'x', unit: '', decimals: 0, offset: '0', min: '1', max: powerOf4(20) }],
    flagTimeoutMs: 5_000,
  });
  cleanUp.push(() => client.close());
});

afterAll(async () => {
  for (const clean of cleanUp.reverse()) await clean();
});

/** SIGKILL, and at once a new process on what is on the disk. */
async function crash(nodeId: string): Promise<void> {
  await nodes.kill(nodeId, 'SIGKILL');
  await nodes.start(nodeId);
}

it('nodes and sensors that are killed lose nothing committed and add nothing else', {
  timeout: 120_000,
}, async () => {
  const window = await client.openWindow();
  const sensor = await client.sensor();
  const committed: string[] = [];
  const commit = async (exponent: number) => {
    await sensor.upload(powerOf4(exponent), { window });
    committed.push(powerOf4(exponent));
  };

  await commit(0);
  const dying = DEATHS.map(([place], i) =>
    startProgram(join(built, 'test/cluster/dying-sensor.js'), [
      join(cluster, 'sensor.json'),
      client.stream.hash,
      String(window),
      powerOf4(10 + i),
      place,
    ]),
  );
  const [first = '', second = ''] = nodes.nodeIds;
  await Promise.all([crash(first), commit(1), commit(2)]);
  await nodes.killAll('SIGKILL');
  await Promise.all([nodes.startAll(), commit(3)]);
  const ends = await Promise.all(dying.map(({ ended }) => ended));
  expect(ends.map(({ signal }) => signal)).toEqual(DEATHS.map(() => 'SIGKILL'));
  await commit(4);

  const computing = client.compute(window);
  await crash(second);
  const outcome = await computing;

  const total = sumOf(outcome);
  const isIn = (exponent: number) => (total >> BigInt(2 * exponent)) % 4n === 1n;
  const survivors = DEATHS.flatMap((_, i) => (isIn(10 + i) ? [powerOf4(10 + i)] : []));
  DEATHS.forEach(([place, expected], i) => {
    if (expected !== undefined) expect(isIn(10 + i), `a sensor that died ${place}`).toBe(expected);
  });
  expectExact(outcome, [...committed, ...survivors]);

  await crash(first);
  expect(await client.compute(window)).toEqual(outcome);
  expect(await nodes.killAll('SIGTERM')).toEqual(nodes.nodeIds.map(() => ({ code: 0, signal: null })));
});

function sumOf(outcome: Awaited<ReturnType<ClusterClient['compute']>>): bigint {
  if (outcome.kind !== 'result') throw new Error(`expected a result, got ${JSON.stringify(outcome)}`);
  const sum = outcome.fields[0]?.statistics.sum;
  if (sum === undefined) throw new Error('expected the sum of one field');
  return sum.numerator / sum.denominator;
}
