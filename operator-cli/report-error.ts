import { EngineError, type ErrorCode, type ExitName, exitOf } from '../src/foundation/index.ts';
import type { CliEnvironment } from './environment.ts';

/** One line on what to do next, where the message alone does not say it. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  UNREACHABLE: 'Is the cluster running? `m-cloud status` lists which nodes answer.',
  UNKNOWN_STREAM: '`m-cloud stream list` shows the streams there are.',
  WINDOW_NOT_OPEN: '`m-cloud stream show STREAM` lists its windows, `m-cloud window open STREAM` opens one.',
  WINDOW_CONFLICT: 'The terms of a window never change; choose another start with --window.',
  SEAL_TOO_EARLY: 'The window takes readings until the --not-before it was opened with.',
  INCOMPLETE: 'The same command may succeed later; --wait SECONDS waits longer.',
  WITHHELD:
    'This is final: too few sensors were accepted when the window began, or too few of them are counted.',
  IMPOSSIBLE_AGGREGATE: 'Do not use any number of this window: some domain or sensor broke the protocol.',
  UNAUTHENTICATED: "Is the operator's key the one the ring document names, and the clock right?",
  STREAM_RETIRED: 'A retired stream stays as it is; `m-cloud stream create` makes a new one.',
  CAPACITY_EXCEEDED: 'Narrow --min and --max, or lower --decimals, --max-readings or --degree.',
};
/** A node that answers under another certificate runs, but in another ring or as another host. */
const FOREIGN_HINT =
  'Is this the ring document of the cluster that runs there? `m-cloud ring show` prints it.';
const FOREIGN_CAUSES: readonly unknown[] = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
];
/** For errors whose code alone does not tell what to do: they name the hint themselves. */
const NAMED_HINTS: Readonly<Record<string, string>> = {
  config:
    'Give --config FILE or MCLOUD_CONFIG, or make an operator with `m-cloud operator init DIR`, or a cluster for trying with `m-cloud cluster init DIR`.',
  demo: 'The nodes of the demo run in this process: this computer was too busy for them. Try again when it has less to do.',
};

function hintOf({ code, details }: EngineError): string | undefined {
  if (details.hint !== undefined) return NAMED_HINTS[String(details.hint)];
  return FOREIGN_CAUSES.includes(details.cause) ? FOREIGN_HINT : HINTS[code];
}

/**
 * Tells a person what went wrong, on standard error: an operating error as its code, message and a hint, any
 * other failure in one line, with the stack trace only under MCLOUD_DEBUG.
 * @returns how the command ends.
 */
export function reportError(error: unknown, environment: CliEnvironment): ExitName {
  const debug = (environment.variables.MCLOUD_DEBUG ?? '') !== '';
  // Whatever fails after the person asked to stop fails because of that.
  if (environment.signal.aborted) {
    environment.err('interrupted\n');
    return 'INTERRUPTED';
  }
  if (error instanceof EngineError) {
    environment.err(`${error.code}: ${error.message}\n`);
    const hint = hintOf(error);
    if (hint !== undefined) environment.err(`${hint}\n`);
  } else {
    const message = error instanceof Error ? error.message : String(error);
    environment.err(`unexpected failure: ${message}\n`);
    if (!debug) environment.err('MCLOUD_DEBUG=1 shows where it happened.\n');
  }
  if (debug && error instanceof Error) environment.err(`${error.stack}\n`);
  return exitOf(error);
}
