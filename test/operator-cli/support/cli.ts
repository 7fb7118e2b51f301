import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  consecutivePorts,
  createDevelopmentCluster,
  writeCluster,
} from '../../../operator-cli/cluster/index.ts';
import type { CliEnvironment } from '../../../operator-cli/environment.ts';
import { createOperator } from '../../../operator-cli/operator/index.ts';
import { runCli } from '../../../operator-cli/program.ts';
import { cryptoRandomBytes } from '../../../src/platform/index.ts';
import { fixedKey } from '../../support/development-ring.ts';
import { temporaryFolder } from '../../support/folders.ts';
import { type FakeClouds, sleepingClock } from './fake-clouds.ts';

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface CliSetting extends Partial<CliEnvironment> {
  /** The clouds behind the operator's program; without them nothing can be connected. */
  readonly clouds?: FakeClouds;
}

/** Runs the command in this process, with everything it prints kept. */
export async function cli(args: readonly string[], setting: CliSetting = {}): Promise<CliRun> {
  const { clouds, ...overrides } = setting;
  let out = '';
  let err = '';
  const code = await runCli(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    variables: {},
    workingFolder: '/nowhere',
    columns: 100,
    colours: false,
    liveProgress: false,
    clock: clouds?.clock ?? sleepingClock(),
    randomBytes: cryptoRandomBytes,
    signal: new AbortController().signal,
    connect: () => {
      if (clouds === undefined) throw new Error('expected a test that needs no network');
      return {
        operator: createOperator(clouds.ports),
        signer: fixedKey('operator').signer,
        close: async () => undefined,
      };
    },
    startNode: () => {
      throw new Error('expected a test that starts no node');
    },
    reach: () => {
      throw new Error('expected a test that needs no network');
    },
    ...overrides,
  });
  return { code, out, err };
}

/** A folder with the configuration of a small cluster that does not run. */
export async function clusterFolder(): Promise<string> {
  const folder = join(await temporaryFolder(), 'cluster');
  const material = await createDevelopmentCluster({
    domains: 2,
    nodesPerDomain: 1,
    acceptors: 1,
    replicas: 1,
    addresses: consecutivePorts('127.0.0.1', 7_400),
    randomBytes: cryptoRandomBytes,
    clock: { now: () => Date.now() },
  });
  await writeCluster(folder, material);
  return folder;
}

/** Compares with a file of test/operator-cli/golden; UPDATE_GOLDEN=1 writes it anew. */
export async function expectGolden(name: string, text: string): Promise<void> {
  const path = new URL(`../golden/${name}`, import.meta.url);
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(path, text);
  expect(text).toBe(await readFile(path, 'utf8'));
}
