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

it('a node that is killed is told while the others go on, and a closed terminal takes these along', {
  timeout: 60_000,
}, async () => {
  const material = await localCluster(2, 1);
  const folder = join(await temporaryFolder(), 'cluster');
  await writeCluster(folder, material);
  const urls = material.ring.domains.flatMap(({ nodes }) => nodes.map(({ url }) => url));
  const refused = () => Promise.all(urls.map(isRefused));
  const command = startProgram(
    programFile('operator-cli/main'),
    ['--json', 'cluster', 'start', folder],
    LOADER_OPTIONS,
  );
  const answer: { readonly nodes: readonly { readonly pid: number }[] } = JSON.parse(
    await command.line('"pid"'),
  );
  process.kill(answer.nodes[0]?.pid ?? 0, 'SIGKILL');
  await command.line('was ended by SIGKILL; 1 other runs on');
  await command.line('to start it again: m-cloud-node --config ');
  expect(await refused()).toEqual([true, false]);
  await command.kill('SIGHUP');
  await expect.poll(refused, { timeout: 20_000 }).toEqual([true, true]);
});
