import { InvalidArgumentError, Option } from 'commander';
import { formatExactDecimal, parseDecimal, type Rational, readDecimal } from '../src/arithmetic/index.ts';
import { EngineError } from '../src/foundation/index.ts';
import type { NodeId } from '../src/ring/index.ts';
import { nodeId } from '../src/ring/index.ts';
import { WAIT_MS_DEFAULT, WAIT_MS_MAX } from './operator/index.ts';

/** Reads a whole number of an option; the message of a failure names the range. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };
}

/** The option `--wait` of commands that ask the nodes until they are done. */
export function waitOption(description: string): Option {
  return new Option('--wait <seconds>', description)
    .argParser(wholeNumber(0, WAIT_MS_MAX / 1_000))
    .default(WAIT_MS_DEFAULT / 1_000);
}

/** Reads names separated by commas; a name may hold spaces, as a column's may. */
export function nameList(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.every((name) => name !== '')) return names;
  throw new InvalidArgumentError('Expected names separated by commas.');
}

/** Power of ten of an option's number: beyond it no stream has room, and the digits would fill the screen. */
const EXPONENT_MAX = 64;

/** The plain spelling of a decimal text, without exponent; never a number, which would round it. */
export function decimalText(text: string): string {
  const decimal = readDecimal(text);
  if (decimal !== undefined && Math.abs(decimal.exponent) <= EXPONENT_MAX) {
    return formatExactDecimal(parseDecimal(text));
  }
  throw new InvalidArgumentError('Expected a decimal number such as -12.5.');
}

/** Reads a confidence such as 0.95. */
export function confidenceOption(text: string): Rational {
  const value = /^0?\.[0-9]{1,15}$/.test(text) ? parseDecimal(text) : undefined;
  if (value !== undefined && value.numerator > 0n) return value;
  throw new InvalidArgumentError('Expected a number between 0 and 1, such as 0.95.');
}

/** A field and the shares expected of its cells; equal ones where it names none. */
export interface FitOption {
  readonly field: string;
  readonly shares?: readonly Rational[];
}

/** Reads "choice" or "choice=1,1,2". A field's name may hold "=", its shares may not. */
export function fitOption(text: string): FitOption {
  const at = text.lastIndexOf('=');
  if (at < 0) return { field: text };
  const shares = text.slice(at + 1).split(',');
  if (at > 0 && shares.every((share) => /^[0-9]{1,15}(\.[0-9]{1,15})?$/.test(share))) {
    return { field: text.slice(0, at), shares: shares.map((share) => parseDecimal(share)) };
  }
  throw new InvalidArgumentError('Expected a field, or a field and a share for each cell: choice=1,1,2.');
}

/** A field whose cells are a two-way table, row by row. */
export interface CrossOption {
  readonly field: string;
  readonly columns: number;
}

/** Reads "answers=5". */
export function crossOption(text: string): CrossOption {
  const at = text.lastIndexOf('=');
  const columns = text.slice(at + 1);
  if (at > 0 && /^[1-9][0-9]{0,5}$/.test(columns))
    return { field: text.slice(0, at), columns: Number(columns) };
  throw new InvalidArgumentError('Expected a field and its number of columns, such as answers=5.');
}

/** A node's id; one that an identifier refuses is a wrong call, not a wrong document. */
export function nodeOption(text: string): NodeId {
  try {
    return nodeId(text);
  } catch (error) {
    throw error instanceof EngineError ? new InvalidArgumentError(error.message) : error;
  }
}

/** A moment on the command line: absolute, or relative to something known only later. */
export type TimeOption =
  | { readonly kind: 'now' }
  | { readonly kind: 'at'; readonly ms: number }
  | { readonly kind: 'after'; readonly ms: number };

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** With a zone, or a date alone, which is UTC: a local time would name another window on another computer. */
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Reads "now", Unix milliseconds, ISO 8601 with a zone, or "+90s", "+10m", "+2h", "+7d". */
export function timeOption(text: string): TimeOption {
  if (text === 'now') return { kind: 'now' };
  if (/^[0-9]{1,15}$/.test(text)) return { kind: 'at', ms: Number(text) };
  const span = /^\+([0-9]{1,9})([smhd])$/.exec(text);
  if (span !== null) return { kind: 'after', ms: Number(span[1]) * (UNIT_MS[span[2] ?? ''] ?? 0) };
  const ms = ISO.test(text) ? Date.parse(text) : Number.NaN;
  if (ms >= 0) return { kind: 'at', ms };
  throw new InvalidArgumentError(
    'Expected now, Unix milliseconds, a time such as 2026-01-31T12:00Z, or a span such as +2h.',
  );
}

/** The moment an option means, in Unix milliseconds. */
export function timeOf(option: TimeOption, base: { readonly now: number; readonly from: number }): number {
  switch (option.kind) {
    case 'now':
      return base.now;
    case 'at':
      return option.ms;
    case 'after':
      return base.from + option.ms;
  }
}

/** Reads a span such as "90s", "15m", "2h" or "7d" into milliseconds; the message of a failure names the range. */
export function duration(leastMs: number, mostMs: number): (text: string) => number {
  return (text) => {
    const span = /^([0-9]{1,9})(ms|[smhd])$/.exec(text);
    const ms = span === null ? Number.NaN : Number(span[1]) * (UNIT_MS[span[2] ?? ''] ?? 0);
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw new InvalidArgumentError(
      `Expected a span such as 90s, 15m, 2h or 7d, from ${shownSpan(leastMs)} to ${shownSpan(mostMs)}.`,
    );
  };
}

/** A span in the largest unit that divides it, as {@link duration} reads it. */
export function shownSpan(ms: number): string {
  const [unit, unitMs] = Object.entries(UNIT_MS).findLast(([, size]) => ms !== 0 && ms % size === 0) ?? [
    's',
    1_000,
  ];
  return `${ms / unitMs}${unit}`;
}

/** Nodes that own each partition where nobody says another number. */
export const REPLICAS_DEFAULT = 2;

/**
 * The replicas of a domain of so many nodes: as asked for, else two, or one where it has one node.
 * @throws EngineError `INVALID_ARGUMENT` for more than there are nodes: readings would be on fewer disks than was asked for
 */
export function replicasOf(asked: number | undefined, nodes: number): number {
  if (asked === undefined) return Math.min(REPLICAS_DEFAULT, nodes);
  if (asked <= nodes) return asked;
  throw new EngineError(
    'INVALID_ARGUMENT',
    `expected --replicas of at most the domain's nodes, ${nodes}, got ${asked}; name more nodes, or ask for fewer`,
  );
}
