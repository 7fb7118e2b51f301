import { createRequire } from 'node:module';

/** The version of this package, found by its own name: sources and compiled files lie at different depths. */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('m-cloud/package.json');
  return String(version);
}
