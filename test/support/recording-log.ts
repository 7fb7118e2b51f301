import type { Log } from '../../src/ports/index.ts';

/** Keeps every line, so that a test can look for what must not be there. */
export function recordingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  const record =
    (level: string): Log['info'] =>
    (message, fields = {}) => {
      lines.push(JSON.stringify({ level, message, ...fields }));
    };
  return {
    lines,
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
  };
}
