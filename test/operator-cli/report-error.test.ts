import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { EngineError } from '../../src/foundation/index.ts';
import { cli, clusterFolder } from './support/cli.ts';

/** What a command tells when a node answered with nothing, for this cause. */
async function toldAfter(cause: string): Promise<string> {
  const config = join(await clusterFolder(), 'operator.json');
  const connect = (): never => {
    throw new EngineError('UNREACHABLE', 'no answer from node a-1', { node: 'a-1', cause });
  };
  return (await cli(['--config', config, 'stream', 'list'], { connect })).err;
}

test('a node that does not answer, and one under the certificate of another ring, have hints of their own', async () => {
  expect(await toldAfter('ECONNREFUSED')).toContain('Is the cluster running?');
  const foreign = await toldAfter('UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  expect(foreign).toContain('Is this the ring document of the cluster that runs there?');
  expect(foreign).not.toContain('Is the cluster running?');
});

vi.mock('../../operator-cli/embedded/index.ts', () => ({
  runDemo: async () => {
    throw new EngineError('UNREACHABLE', 'no answer from node a-1');
  },
}));

test('the demo, whose nodes run in the same process, does not ask whether a cluster is running', async () => {
  const { err } = await cli(['demo']);
  expect(err).toMatch(/^UNREACHABLE: no answer from node a-1\nThe nodes of the demo run in this process/);
});

test('a file that is no configuration is told by its name', async () => {
  const { code, err } = await cli(['--config', join(await clusterFolder(), 'sensor.json'), 'ring', 'show']);
  expect(code).not.toBe(0);
  expect(err).toMatch(/^[A-Z_]+: \S*sensor\.json: expected /);
});
