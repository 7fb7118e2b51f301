import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { EngineError, isErrorCode, printable } from '../src/foundation/index.ts';
import type { NodeEnd } from './node-program.ts';
import { indented } from './result-report.ts';

/** Of the end of a log, what is read and what is told: enough for the last failure and what led to it. */
const LOG_TAIL_BYTES_MAX = 16_384;
const LOG_LINES_TOLD_MAX = 5;

/** A node of this computer that has ended. */
export interface EndedNode {
  /** Its settings; the folder they stand in has its name. */
  readonly config: string;
  /** As a person would find it from here. */
  readonly log: string;
  readonly end: NodeEnd;
  /** The last lines that this run of it wrote. */
  readonly lines: readonly string[];
}

/** By the folder of its settings. */
export function nameOf(config: string): string {
  return basename(dirname(config));
}

/**
 * The last lines of a log; none where it cannot be read.
 * @param from where the run began to write, bytes.
 */
export async function lastLines(path: string, from: number): Promise<readonly string[]> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return [];
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - LOG_TAIL_BYTES_MAX);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - start)), {
      position: start,
    });
    const text = buffer.toString('utf8', 0, bytesRead);
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-LOG_LINES_TOLD_MAX)
      .map(printable);
  } catch {
    return [];
  } finally {
    await file.close();
  }
}

/** What a node ended with, in words. */
function howItEnded({ code, signal }: NodeEnd): string {
  return signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
}

/**
 * What a person reads of a node that has ended while the others run, and what to do.
 * @param running how many run on.
 */
export function lossText({ config, log, end, lines }: EndedNode, running: number): string {
  const others = running === 1 ? '1 other runs on' : `${running} others run on`;
  const told = lines.length === 0 ? `it wrote nothing to ${log}\n` : `the end of ${log}:\n`;
  return [
    `node ${nameOf(config)} ${howItEnded(end)}; ${others}; ${told}`,
    lines.length === 0 ? '' : indented(lines.join('\n')),
    `to start it again: m-cloud-node --config ${config}\n`,
  ].join('');
}

/** Why a cluster does not start: under the code that the node gave itself, where it did. */
export function startFailure({ config, log, end, lines }: EndedNode): EngineError {
  const last = lines.at(-1) ?? '';
  const [, code = '', reason = ''] = /^([A-Z][A-Z0-9_]*): (.*)$/.exec(last) ?? [];
  const got = `expected every node to start, got ${nameOf(config)}, which ${howItEnded(end)}`;
  if (isErrorCode(code)) return new EngineError(code, `${got}: ${reason}; its log is ${log}`);
  const told = last === '' ? `it wrote nothing to ${log}` : `the last line of ${log} is: ${last}`;
  return new EngineError(end.code === 2 ? 'INVALID_ARGUMENT' : 'INTERNAL', `${got}; ${told}`);
}
