import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const manifest: { readonly name: string; readonly exports: Readonly<Record<string, string>> } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** The package's own names lead to its sources, so that examples run before anything is built. */
const ownNames = Object.entries(manifest.exports)
  .filter(([, built]) => built.startsWith('./dist/'))
  .map(([name, built]) => ({
    find: name.replace('.', manifest.name),
    replacement: fileURLToPath(
      new URL(built.replace('./dist/', '../').replace(/\.js$/, '.ts'), import.meta.url),
    ),
  }));

/** These wait for processes of their own, half a minute each. */
const LONGEST = ['/test/reliability/kill.test.ts', '/test/cluster/growing-ring.test.ts'];

/** At the end, where small files come by themselves, the longest would keep all workers but their own idle. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.some((end) => moduleId.endsWith(end));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  resolve: { alias: ownNames },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // Loading the modules anew for every file cost two thirds of the processor time of a run.
    isolate: false,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
  },
});
