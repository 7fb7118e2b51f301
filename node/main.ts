#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import closeWithGrace from 'close-with-grace';
import { Command, CommanderError } from 'commander';
import { EngineError, hasCode, inFile, systemReason } from '../src/foundation/index.ts';
import { jsonLog, nodeVerifier, p256FromPem, packageVersion } from '../src/platform/index.ts';
import type { RingDocument } from '../src/ring/index.ts';
import { openRingDocument } from '../src/ring/index.ts';
import { loadNodeConfig, type NodeConfig } from './config.ts';
import { nodeExitCode } from './exit-code.ts';
import { askHealth } from './health.ts';
import { letHeapGrow } from './heap.ts';
import { readTlsIdentity } from './http/index.ts';
import { STOP_GRACE_MS, type StartedNode, startNode } from './start-node.ts';

const program = new Command('m-cloud-node')
  .description('Run one node of an m-cloud ring: HTTPS for sensors and operators, mutual TLS between nodes.')
  .version(packageVersion(), '--version', 'print the version of the program')
  .requiredOption('--config <file>', 'settings of the node (node.json, written by "m-cloud cluster init")')
  .addHelpText(
    'before',
    `Examples:
  m-cloud-node --config cluster/cloud-a/cloud-a-1/node.json
  MCLOUD_LOG_LEVEL=debug m-cloud-node --config node.json
  m-cloud-node health --config node.json
`,
  )
  .addHelpText(
    'after',
    `
Every setting of the file has an environment variable, MCLOUD_<NAME>, that wins over it.
Exit codes: 0 stopped in order, 1 failed, 2 wrong arguments or settings.`,
  )
  .helpCommand(false)
  // Before the command below is added, which inherits it: commander alone ends wrong arguments like a crash.
  .exitOverride()
  .action(({ config }: { readonly config: string }) => runNode(config));
program
  .command('health')
  .description('Ask the running node of the same settings whether it serves; exit code 0 only if it does.')
  .action((_options: object, command: Command) => {
    return reportHealth(command.optsWithGlobals<{ readonly config: string }>().config);
  });

async function runNode(configPath: string): Promise<void> {
  letHeapGrow();
  const config = loadNodeConfig(configPath, process.env);
  const log = jsonLog({ level: config.logLevel, to: 'stdout', fields: { node: config.nodeId } });
  let started: StartedNode | undefined;
  // Before anything is opened: the first process of a container has no handler but its own, and a node that
  // is told to stop while it starts would otherwise be killed at the end of its grace.
  closeWithGrace({ delay: STOP_GRACE_MS, logger: false }, async ({ err }) => {
    if (err !== undefined) log.error('node stops', { reason: err.message });
    await started?.close();
  });
  const node = await startNode({
    ...config,
    ring: (await readRing(config)).jws,
    tls: readTlsIdentity(config.tls),
    peerTls: readTlsIdentity(config.peerTls),
    sealingKey: await readSealingKey(config.sealingKey),
    formerSealingKeys: await Promise.all(config.formerSealingKeys.map(readSealingKey)),
    ...(config.minSensorsFloor === undefined ? {} : { minSensorsFloor: config.minSensorsFloor }),
    log,
  }).catch((error: unknown) => {
    throw hasCode(error, 'RING_REFUSED', 'RING_CONFLICT') ? inRing(config, error) : error;
  });
  started = node;
  const { publicOrigin, peerOrigin } = node;
  log.info('node listens', { publicOrigin, peerOrigin, version: packageVersion() });
  // Rejects only where the node is closed before the others have answered, which is logged below.
  node.serving.then(
    () => log.info('node serves'),
    () => {},
  );
  const reason = await node.stopped;
  // What could not be synced must not be served on; another start reads back what the disk really has.
  log.error('node stops', { reason: reason.message });
  await node.close().catch(() => {});
  process.exit(1);
}

/** A document of another ring, or of another time, is told by its file: what it is held against lies in the store. */
function inRing({ ring }: NodeConfig, { code, message, details }: EngineError): EngineError {
  return new EngineError(code, `with the ring document ${ring}: ${message}`, details);
}

function readSettingFile(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new EngineError(
      'INVALID_ARGUMENT',
      `expected a readable ${what} at ${path}, got ${systemReason(cause)}`,
      {},
      { cause },
    );
  }
}

function readRing({ ring }: NodeConfig): Promise<RingDocument> {
  const jws = readSettingFile(ring, 'ring document, which `m-cloud domain join` writes,');
  return inFile(ring, () => openRingDocument(jws, nodeVerifier));
}

async function readSealingKey(path: string): Promise<string> {
  const pem = readSettingFile(path, 'sealing key');
  await inFile(path, () => p256FromPem(pem));
  return pem;
}

/** For whatever restarts or holds back a container: one line, and an exit code that says the same. */
async function reportHealth(configPath: string): Promise<void> {
  const config = loadNodeConfig(configPath, process.env);
  const { ready, reasons } = await askHealth(config, await readRing(config));
  process.stdout.write(ready ? 'ready\n' : `not ready: ${reasons.join('; ')}\n`);
  if (!ready) process.exitCode = 1;
}

program.parseAsync().catch((error: unknown) => {
  // Commander has told the person already.
  if (!(error instanceof CommanderError)) {
    const known = error instanceof EngineError;
    process.stderr.write(known ? `${error.code}: ${error.message}\n` : `INTERNAL: ${String(error)}\n`);
  }
  process.exit(nodeExitCode(error));
});
