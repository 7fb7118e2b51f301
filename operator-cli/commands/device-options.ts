import { resolve } from 'node:path';
import type { Command } from 'commander';
import { inFile } from '../../src/foundation/index.ts';
import { nodeVerifier } from '../../src/platform/index.ts';
import { openSensorBundle, readSensorBundle } from '../../src/ring/index.ts';
import type { Authority, RosterChanges, RosterPush } from '../authority/index.ts';
import { keepBatch, nextBatches, pushRoster, readAuthority, requireReached } from '../authority/index.ts';
import { readText } from '../config.ts';
import { counted, renderTable } from '../output.ts';
import type { Session } from '../session.ts';

export interface DeviceOptions {
  readonly authority: string;
  readonly bundle?: string;
}

/** Where the authority's key and log are, and which nodes are to hear of a change. */
export function addDeviceOptions(command: Command): Command {
  return command
    .option('--authority <dir>', "the authority's folder", 'authority')
    .option(
      '--bundle <file>',
      'sensor.json of the ring whose nodes are told at once (default: told by "push")',
    );
}

export function authorityFolder(session: Session, { authority }: DeviceOptions): string {
  return resolve(session.environment.workingFolder, authority);
}

/** Signs, keeps and, where a bundle is given, sends what changes; then answers what was done. */
export async function changeRoster(
  session: Session,
  options: DeviceOptions,
  change: (authority: Authority) => RosterChanges | Promise<RosterChanges>,
): Promise<void> {
  const folder = authorityFolder(session, options);
  const authority = await readAuthority(folder);
  const changes = await change(authority);
  const made = await nextBatches(authority.log, changes, authority.signer, nodeVerifier);
  for (const batch of made) await keepBatch(folder, batch);
  const done = { enrolled: changes.enrol.length, revoked: changes.revoke.length };
  const pushed = await pushLog(session, options, [...authority.log.batches, ...made]);
  const sequence = authority.log.batches.length + made.length;
  session.answer({ sequence, ...done, ...(pushed === null ? {} : { nodes: pushed }) }, () => {
    const what = `${counted(done.enrolled, 'sensor')} enrolled, ${done.revoked} revoked, in batch ${sequence}\n`;
    return pushed === null ? what : `${what}${pushTable(pushed)}`;
  });
  if (pushed === null) session.say('no node has heard of it yet: m-cloud device push --bundle FILE');
  else requireReached(pushed);
}

/** Sends a log to every node of the bundle's ring; null where there is no bundle. */
export async function pushLog(
  session: Session,
  { bundle }: DeviceOptions,
  batches: Authority['log']['batches'],
): Promise<readonly RosterPush[] | null> {
  if (bundle === undefined) return null;
  const { workingFolder, reach, clock, randomBytes, signal } = session.environment;
  const text = await readText(resolve(workingFolder, bundle), "the sensors' bundle");
  const ring = await inFile(bundle, () => openSensorBundle(readSensorBundle(text), nodeVerifier));
  const transport = reach(ring);
  try {
    return await pushRoster({ transport, clock, randomBytes }, ring, batches, signal);
  } finally {
    await transport.close();
  }
}

export function pushTable(pushed: readonly RosterPush[]): string {
  return renderTable([
    ['domain', 'node', 'has batch'],
    ...pushed.map(({ domain, node, sequence, code }) => [domain, node, String(sequence ?? code)]),
  ]);
}
