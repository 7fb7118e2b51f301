import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeCluster } from '../../operator-cli/cluster/index.ts';
import { localCluster } from '../support/cluster-client.ts';
import { temporaryFolder } from '../support/folders.ts';
import { startProgram } from '../support/node-processes.ts';
import { LOADER_OPTIONS, programFile } from '../support/program-files.ts';

async function isRefused(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

it('a terminal that is closed takes the nodes of "cluster start" along', { timeout: 60_000 }, async () => {
  const material = await localCluster(2, 1);
  const folder = join(await temporaryFolder(), 'cluster');
  await writeCluster(folder, material);
  const command = startProgram(
    programFile('operator-cli/main'),
    ['cluster', 'start', folder],
    LOADER_OPTIONS,
  );
  await command.line('2 nodes ready');
  await command.kill('SIGHUP');
  const urls = material.ring.domains.flatMap(({ nodes }) => nodes.map(({ url }) => url));
  const refused = () => Promise.all(urls.map(isRefused));
  await expect.poll(refused, { timeout: 20_000 }).toEqual([true, true]);
});
