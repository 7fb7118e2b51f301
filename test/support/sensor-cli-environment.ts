import { readFile } from 'node:fs/promises';
import type { CliEnvironment } from '../../sensor-client/cli/environment.ts';
import { writeSecretFile } from '../../sensor-client/cli/secret-file.ts';
import { fileMemory, nodePorts } from '../../sensor-client/node-ports.ts';

/** The sensor's command as in a process of its own, with what it prints kept. */
export function sensorCliEnvironment(): CliEnvironment & { printed(): string } {
  let out = '';
  return {
    out(text) {
      out += text;
    },
    err() {},
    input: (async function* () {})(),
    readFile: (path) => readFile(path),
    memory: fileMemory,
    writeSecret: writeSecretFile,
    columns: 100,
    liveProgress: false,
    signal: new AbortController().signal,
    ports: nodePorts(),
    printed: () => out,
  };
}
