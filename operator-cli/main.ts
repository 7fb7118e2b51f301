#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { allowClosedReaders } from '../src/platform/closed-reader.ts';
import { cryptoRandomBytes, nodeVerifier, signerFromPem, systemClock } from '../src/platform/index.ts';
import { createUndiciTransport } from '../src/platform/undici-transport.ts';
import type { CliEnvironment, ConnectedOperator, OperatorIdentity } from './environment.ts';
import { startNodeProgram } from './node-program.ts';
import { createOperator, createTokenSource } from './operator/index.ts';
import { runCli } from './program.ts';
import { growingTargets, transportTargets } from './transport-targets.ts';

/** Columns where standard output is no terminal. */
const COLUMNS_DEFAULT = 100;

const clock = systemClock();
const stopping = new AbortController();
// As many listeners as readings are under way, where the default warns of a leak at eleven.
setMaxListeners(0, stopping.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Once: the first lets commands clean up, a second one ends the process as it would without us.
  process.once(signal, () => stopping.abort(new Error(`stopped by ${signal}`)));
}
allowClosedReaders();

function connect({ ring, privateKeyPem }: OperatorIdentity): ConnectedOperator {
  const { target, learn } = growingTargets(ring);
  const transport = createUndiciTransport({ targets: target });
  const operator = createOperator({
    ring,
    transport,
    clock,
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    tokenFor: createTokenSource({ privateKeyPem, clock }),
    learn,
  });
  return { operator, signer: signerFromPem(privateKeyPem), close: () => transport.close() };
}

const environment: CliEnvironment = {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  variables: process.env,
  workingFolder: process.cwd(),
  columns: process.stdout.columns ?? COLUMNS_DEFAULT,
  colours: process.stdout.isTTY === true,
  liveProgress: process.stderr.isTTY === true,
  clock,
  randomBytes: cryptoRandomBytes,
  signal: stopping.signal,
  connect,
  startNode: startNodeProgram,
  reach: (ring) => createUndiciTransport({ targets: transportTargets(ring) }),
};

process.exitCode = await runCli(process.argv.slice(2), environment);
