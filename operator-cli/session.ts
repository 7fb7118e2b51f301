import type { Command } from 'commander';
import { readIdentity } from './config.ts';
import type { CliEnvironment, ConnectedOperator } from './environment.ts';
import { createPalette, type Palette } from './output.ts';

interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly config?: string;
}

/** One run of one command: its environment and the options that every command has. */
export interface Session {
  readonly environment: CliEnvironment;
  readonly json: boolean;
  readonly palette: Palette;
  /** Prints the answer: the JSON value on one line under --json, else the text for people. */
  answer(json: unknown, text: () => string): void;
  /** Prints a message on standard error, unless --quiet. */
  say(message: string): void;
  /** Shows how far something is, on a line that the next one replaces; `undefined` clears it. */
  progress(message: string | undefined): void;
  /** Runs `use` with the operator's program connected, and disconnects it whatever happens. */
  withOperator<T>(use: (connected: ConnectedOperator) => Promise<T>): Promise<T>;
}

export function createSession(command: Command, environment: CliEnvironment): Session {
  const options = command.optsWithGlobals<GlobalOptions>();
  const json = options.json === true;
  const noColour = (environment.variables.NO_COLOR ?? '') !== '';
  return {
    environment,
    json,
    palette: createPalette(environment.colours && !noColour && !json),
    answer(value, text) {
      environment.out(json ? `${JSON.stringify(value)}\n` : text());
    },
    say(message) {
      if (options.quiet !== true) environment.err(`${message}\n`);
    },
    progress(message) {
      if (options.quiet === true) return;
      if (environment.liveProgress) environment.err(`\r\u001b[K${message ?? ''}`);
      else if (message !== undefined) environment.err(`${message}\n`);
    },
    async withOperator(use) {
      const identity = await readIdentity(environment, options.config);
      if (identity.ring.development && options.quiet !== true && !json) {
        environment.err('development ring: one party made all keys, so nothing here is private\n');
      }
      const connected = environment.connect(identity);
      try {
        return await use(connected);
      } finally {
        await connected.close();
      }
    },
  };
}
