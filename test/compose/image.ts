import { existsSync } from 'node:fs';
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './commands.ts';

/** The base that node/Dockerfile names; here it is Debian with the running Node and npm, under that name. */
const BASE = 'docker.io/library/node:20-bookworm-slim';
const DEBIAN = 'bookworm';
export const IMAGE = 'm-cloud';

export interface ImageOptions {
  /** The project's folder. */
  readonly root: string;
  /** Kept from run to run: the plain Debian, which takes longest. */
  readonly cache: string;
  /** With CONTAINERS_STORAGE_CONF, so that nothing is put beside the images of the machine. */
  readonly env: NodeJS.ProcessEnv;
}

/** Makes the stand-in of the base image: no registry of images is asked for anything. */
export async function makeBase({ cache, env }: ImageOptions): Promise<void> {
  const debian = await debianFolder(cache);
  const container = (await run('buildah', ['from', 'scratch'], { env })).trim();
  const mounted = (await run('buildah', ['mount', container], { env })).trim();
  await run('cp', ['-a', `${debian}/.`, mounted]);
  await cp(process.execPath, join(mounted, 'usr/local/bin/node'));
  await putNpm(mounted);
  await run('buildah', ['umount', container], { env });
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await run('buildah', ['config', '--env', `PATH=${path}`, container], { env });
  await run('buildah', ['commit', '--quiet', '--rm', container, BASE], { env });
}

/** Builds node/Dockerfile as it is. */
export async function buildImage({ root, env }: ImageOptions): Promise<void> {
  // HEALTHCHECK and SHELL exist in this format only; chroot needs no rights that a container would not have.
  const how = ['--isolation', 'chroot', '--network', 'host', '--format', 'docker', '--pull-never'];
  await run('buildah', ['bud', ...how, '--file', 'node/Dockerfile', '--tag', IMAGE, '.'], { cwd: root, env });
}

async function debianFolder(cache: string): Promise<string> {
  const folder = join(cache, DEBIAN);
  await mkdir(cache, { recursive: true });
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await run('debootstrap', ['--variant=minbase', '--include=libstdc++6', DEBIAN, unfinished]);
  await rename(unfinished, folder);
  return folder;
}

/** npm as it runs here, with this machine's registry and the authority it is trusted by. */
async function putNpm(mounted: string): Promise<void> {
  const cli = process.env.npm_execpath;
  if (cli === undefined) throw new Error('expected to be run by npm: npm run test:compose');
  const modules = join(mounted, 'usr/local/lib/node_modules');
  await mkdir(modules, { recursive: true });
  await cp(dirname(dirname(cli)), join(modules, 'npm'), { recursive: true, dereference: true });
  for (const name of ['npm', 'npx']) {
    await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, join(mounted, 'usr/local/bin', name));
  }
  const settings = [`registry=${(await run('npm', ['config', 'get', 'registry'])).trim()}`];
  const authority = process.env.NODE_EXTRA_CA_CERTS ?? '';
  if (authority !== '') {
    await mkdir(join(mounted, 'usr/local/etc'), { recursive: true });
    await cp(authority, join(mounted, 'usr/local/etc/npm-ca.pem'));
    settings.push('cafile=/usr/local/etc/npm-ca.pem');
  }
  await writeFile(join(mounted, 'usr/local/etc/npmrc'), `${settings.join('\n')}\n`);
}
