import { join } from 'node:path';
import { createVitest, JsonReporter } from 'vitest/node';
import type { NamedTest } from './mutant.ts';

/** What the runner asks for: these tests, over source of which these files are not as they were. */
export interface TestRequest {
  readonly tests: readonly NamedTest[];
  /** Paths below the folder of the process. */
  readonly changed: readonly string[];
}

/** A report as vitest writes it, and whether all went well, errors outside of any test included. */
export interface TestAnswer {
  readonly report: string;
  readonly good: boolean;
}

/** Hands its report over in place of printing it. */
class Report extends JsonReporter {
  text = '';

  override async writeReport(report: string): Promise<void> {
    this.text = report;
  }
}

/** Packages of hundreds of files, which every worker would read one by one. */
const BUNDLED = ['typebox/schema', 'fastify', 'undici', 'jose/jwt/sign', 'jose/jwt/verify'];

const folder = process.cwd();
const report = new Report({});
const vitest = await createVitest(
  'test',
  {
    root: folder,
    config: 'test/vitest.config.ts',
    watch: false,
    // A worker lives for one request. Threads start sooner than processes.
    pool: 'threads',
    maxWorkers: 1,
    deps: { optimizer: { ssr: { enabled: true, include: BUNDLED } } },
    reporters: [report],
  },
  // The folder of packages is the same for every copy of the source.
  { cacheDir: join(folder, '.cache') },
);
await vitest.standalone();

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

async function runTests({ tests, changed }: TestRequest): Promise<TestAnswer> {
  for (const path of changed) vitest.invalidateFile(join(folder, path));
  const titles = [...new Set(tests.map(({ title }) => escaped(title)))];
  vitest.setGlobalTestNamePattern(new RegExp(titles.join('|')));
  const files = [...new Set(tests.map(({ file }) => join(folder, file)))];
  report.text = '';
  const { unhandledErrors } = await vitest.runTestSpecifications(
    files.flatMap((file) => vitest.getModuleSpecifications(file)),
  );
  const { success } = JSON.parse(report.text) as { readonly success: boolean };
  return { report: report.text, good: success && unhandledErrors.length === 0 };
}

process.on('message', (request: TestRequest) => {
  runTests(request).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
// The runner is gone, and with it whoever wants an answer.
process.once('disconnect', () => process.exit(0));
