import type { SensorMemory } from '../memory.ts';
import type { SensorPorts } from '../ports.ts';

/** Everything the command takes from the process it runs in; only main.ts builds the real one. */
export interface CliEnvironment {
  /** Data, on standard output. */
  readonly out: (text: string) => void;
  /** Progress and messages, on standard error. */
  readonly err: (text: string) => void;
  /** Standard input, in pieces of any size. */
  readonly input: AsyncIterable<Uint8Array>;
  /** The bytes of a file. @throws Error with a `code` such as ENOENT */
  readonly readFile: (path: string) => Promise<Uint8Array>;
  /** Makes a file that only its owner reads. @throws EngineError `INVALID_ARGUMENT` where there is one already */
  readonly writeSecret: (path: string, text: string) => Promise<void>;
  /** What a sensor has seen of its ring, in a file. */
  readonly memory: (path: string) => SensorMemory;
  /** Columns of the terminal, for help texts. */
  readonly columns: number;
  /** Standard error is a terminal, where a progress bar may overwrite itself. */
  readonly liveProgress: boolean;
  /** Aborted when the person or the system wants the command to end. */
  readonly signal: AbortSignal;
  readonly ports: SensorPorts;
}
