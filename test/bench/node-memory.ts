import { readFile } from 'node:fs/promises';

const KIBIBYTE = 1_024;

/** What processes have in memory, all of them together, bytes. */
export interface ResidentSets {
  readonly processes: number;
  readonly resident: number;
  /** The part that is of no file: without the program's text and what the system could drop. */
  readonly anonymous: number;
}

/** Linux only. @throws Error where one of the processes has ended, which would look like memory that was given back */
export async function residentSets(pids: readonly number[]): Promise<ResidentSets> {
  const texts = await Promise.all(pids.map((pid) => textOf(`/proc/${pid}/status`)));
  const sum = (name: string) => texts.reduce((bytes, text) => bytes + KIBIBYTE * numberIn(text, name), 0);
  const sets = { processes: pids.length, resident: sum('VmRSS'), anonymous: sum('RssAnon') };
  if (Number.isNaN(sets.resident)) throw new Error('expected the memory of processes that run');
  return sets;
}

function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** Of a file of lines like "VmRSS:     1234 kB"; NaN where it has no such line. */
function numberIn(status: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
}
