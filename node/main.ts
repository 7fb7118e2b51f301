#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import { EngineError } from '../src/foundation/index.ts';
import { jsonLog } from '../src/platform/index.ts';
import { loadNodeConfig } from './config.ts';
import { readTlsIdentity } from './http/index.ts';
import { startNode } from './start-node.ts';

/** Time for requests under way when the node is told to stop, ms; correctness does not depend on it. */
const STOP_GRACE_MS = 10_000;

const command = new Command('m-cloud-node')
  .description('Run one node of an m-cloud ring: HTTPS for sensors and operators, mutual TLS between nodes.')
  .requiredOption('--config <file>', 'settings of the node (node.json, written by "m-cloud cluster init")')
  .addHelpText(
    'before',
    `Examples:
  m-cloud-node --config cluster/cloud-a/cloud-a-1/node.json
  MCLOUD_LOG_LEVEL=debug m-cloud-node --config node.json
`,
  )
  .addHelpText(
    'after',
    `
Every setting of the file has an environment variable, MCLOUD_<NAME>, that wins over it.
Exit codes: 0 stopped in order, 1 failed, 2 wrong arguments or settings.`,
  );

async function run(configPath: string): Promise<void> {
  const config = loadNodeConfig(configPath, process.env);
  const log = jsonLog({ level: config.logLevel, to: 'stdout', fields: { node: config.nodeId } });
  const node = await startNode({
    ...config,
    ring: readRing(config.ring),
    tls: readTlsIdentity(config.tls),
    peerTls: readTlsIdentity(config.peerTls),
    log,
  });
  log.info('node serves', { publicOrigin: node.publicOrigin, peerOrigin: node.peerOrigin });
  closeWithGrace({ delay: STOP_GRACE_MS, logger: false }, async ({ err }) => {
    if (err !== undefined) log.error('node stops', { reason: err.message });
    await node.close();
  });
  const reason = await node.stopped;
  // What could not be synced must not be served on; another start reads back what the disk really has.
  log.error('node stops', { reason: reason.message });
  await node.close().catch(() => {});
  process.exit(1);
}

function readRing(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new EngineError('INVALID_ARGUMENT', `expected a readable ring document at ${path}`, {}, { cause });
  }
}

const { config } = command.parse().opts<{ config: string }>();
run(config).catch((error: unknown) => {
  const known = error instanceof EngineError;
  process.stderr.write(known ? `${error.code}: ${error.message}\n` : `INTERNAL: ${String(error)}\n`);
  process.exit(known && error.code === 'INVALID_ARGUMENT' ? 2 : 1);
});
