import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createDevelopmentCluster, hostPerNode, writeCluster } from '../../operator-cli/cluster/index.ts';
import { cryptoRandomBytes, systemClock } from '../../src/platform/index.ts';
import { isThere, tryRun } from './commands.ts';
import { buildImage, makeBase } from './image.ts';

/**
 * `npm run test:compose`: builds node/Dockerfile and runs docker-compose.yml as they are, with buildah, podman
 * and podman-compose, in network, mount and process namespaces of its own.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules/.cache/m-cloud-compose');
const TOOLS = [
  'podman',
  'podman-compose',
  'buildah',
  'runc',
  'catatonit',
  'debootstrap',
  'unshare',
  'ip',
  'iptables',
];
/** The user of the containers, which has to own their keys. */
const USER = 1_000;

/** Why it can't run here; undefined where it can. */
function obstacle(): string | undefined {
  const missing = TOOLS.filter((tool) => !isThere(tool));
  if (missing.length > 0) return `without ${missing.join(', ')}`;
  return process.getuid?.() === 0 ? undefined : 'as another user than root';
}

async function writeSettings(scratch: string): Promise<NodeJS.ProcessEnv> {
  await writeFile(
    join(scratch, 'storage.conf'),
    `[storage]\ndriver = "overlay"\ngraphroot = "${scratch}/images"\nrunroot = "${scratch}/run"\n`,
  );
  // runc and cgroupfs because crun and systemd are not everywhere; limits that every system grants.
  await writeFile(
    join(scratch, 'containers.conf'),
    `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "${scratch}/engine"
[network]
network_backend = "netavark"
network_config_dir = "${scratch}/networks"
`,
  );
  return {
    ...process.env,
    CONTAINERS_CONF: join(scratch, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(scratch, 'storage.conf'),
    MCLOUD_CLUSTER: join(scratch, 'cluster'),
    MCLOUD_UID: String(USER),
    MCLOUD_GID: String(USER),
  };
}

/** What `m-cloud cluster init DIR --host-per-node` writes. @returns the nodes' names. */
async function writeKeys(folder: string): Promise<readonly string[]> {
  const material = await createDevelopmentCluster({
    ...{ domains: 3, nodesPerDomain: 2, acceptors: 3, replicas: 2 },
    addresses: hostPerNode(7_400),
    randomBytes: cryptoRandomBytes,
    clock: systemClock(),
  });
  await writeCluster(folder, material);
  for (const name of await readdir(folder, { recursive: true })) await chown(join(folder, name), USER, USER);
  return material.domains.flatMap(({ nodes }) => nodes.map(({ id }) => id));
}

async function test(scratch: string): Promise<number> {
  const env = await writeSettings(scratch);
  const nodes = await writeKeys(join(scratch, 'cluster'));
  const options = { root: ROOT, cache: CACHE, env };
  process.stdout.write('the base image: Debian with this Node, under the name of the real one\n');
  await makeBase(options);
  process.stdout.write('the image: node/Dockerfile as it is\n');
  await buildImage(options);
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
  const scenario = [process.execPath, '--import', 'tsx', join(ROOT, 'test/compose/scenario.ts')];
  const child = spawn('unshare', [...namespaces, ...scenario, ROOT, scratch, ...nodes], {
    env,
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code]: (number | null)[] = await once(child, 'exit');
  return code ?? 1;
}

async function main(): Promise<number> {
  const reason = obstacle();
  if (reason !== undefined) {
    process.stdout.write(`test:compose skipped: it cannot run ${reason}\n`);
    return 0;
  }
  const scratch = await mkdtemp(join(tmpdir(), 'm-cloud-compose-'));
  try {
    await mkdir(join(scratch, 'networks'));
    const code = await test(scratch);
    process.stdout.write(code === 0 ? 'test:compose passed\n' : `test:compose failed with ${code}\n`);
    return code;
  } finally {
    // Images keep mounts that removing files alone would trip over.
    await tryRun('umount', ['--lazy', join(scratch, 'images/overlay')]);
    await rm(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main();
