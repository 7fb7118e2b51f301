import { fileURLToPath } from 'node:url';

/** Whether this is what the compiler made of the sources, in a folder such as `dist`. */
const COMPILED = import.meta.url.endsWith('.js');
const ROOT = new URL('../../', import.meta.url);

/** Compiled programs start compiled ones: a loader puts a call around every function that it names. */
export const LOADER_OPTIONS: readonly string[] = COMPILED ? [] : ['--import', 'tsx'];

/** The compiled program of whoever was compiled too, else null. */
export const compiledProgram = (name: string): string | null => (COMPILED ? programFile(name) : null);

/** @param name path in the repository, without the end. */
export function programFile(name: string): string {
  return fileURLToPath(new URL(COMPILED ? `${name}.js` : `${name}.ts`, ROOT));
}

/** A file that the compiler leaves where it is. */
export function sourceFile(path: string): string {
  return fileURLToPath(new URL(COMPILED ? `../${path}` : path, ROOT));
}
