import { destination, pino, stdTimeFunctions } from 'pino';
import type { Log } from '../ports/index.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface JsonLogOptions {
  readonly level: LogLevel;
  /** Servers log to stdout, where containers collect it; commands keep stdout for data and log to stderr. */
  readonly to: 'stdout' | 'stderr';
  /** Fields of every line, such as the node's id. */
  readonly fields?: Readonly<Record<string, string>>;
}

/** One JSON object a line. Written synchronously: the last lines before a crash are the ones that matter. */
export function jsonLog(options: JsonLogOptions): Log {
  const logger = pino(
    {
      level: options.level,
      base: options.fields ?? null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination({ fd: options.to === 'stdout' ? 1 : 2, sync: true }),
  );
  return {
    debug: (message, fields = {}) => logger.debug(fields, message),
    info: (message, fields = {}) => logger.info(fields, message),
    warn: (message, fields = {}) => logger.warn(fields, message),
    error: (message, fields = {}) => logger.error(fields, message),
  };
}
