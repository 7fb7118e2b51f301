#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { allowClosedReaders } from '../src/platform/closed-reader.ts';
import { runSensorCli } from './cli/program.ts';
import { writeSecretFile } from './cli/secret-file.ts';
import { fileMemory, nodePorts } from './node-ports.ts';

/** Columns where standard output is no terminal. */
const COLUMNS_DEFAULT = 100;

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: the first lets the command tell what was committed, a second one ends it as it would without us.
  process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
}
allowClosedReaders();

process.exitCode = await runSensorCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  input: process.stdin,
  readFile: (path) => readFile(path),
  memory: fileMemory,
  writeSecret: writeSecretFile,
  columns: process.stdout.columns ?? COLUMNS_DEFAULT,
  liveProgress: process.stderr.isTTY === true,
  signal: stopping.signal,
  ports: nodePorts(),
});
