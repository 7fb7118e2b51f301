import { createHash } from 'node:crypto';

/** Everything that happened, folded into one hash: two runs of a seed must end with the same. */
export interface Trace {
  /** @param bytes what a message or a commit carried, so that stray randomness shows at once. */
  note(timeMs: number, label: string, bytes?: Uint8Array): void;
  digest(): string;
}

/** @param listener hears every line, for `--trace`. */
export function createTrace(listener?: (line: string) => void): Trace {
  const hash = createHash('sha256');
  return {
    note(timeMs, label, bytes) {
      const line = `${timeMs} ${label}`;
      hash.update(line);
      if (bytes !== undefined) hash.update(bytes);
      hash.update('\n');
      listener?.(line);
    },
    digest: () => hash.copy().digest('hex'),
  };
}
