import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { inFile, toBase64Url } from '../../src/foundation/index.ts';
import { nodeVerifier, publicKeyFromPem } from '../../src/platform/index.ts';
import type { RingDocument } from '../../src/ring/index.ts';
import { openRingDocument, openSection } from '../../src/ring/index.ts';
import { assembleRing, sharedNames, writeNewFile } from '../cluster/index.ts';
import { readOperatorKey, readText } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { type TimeOption, timeOf, timeOption } from '../option-values.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

interface AssembleCliOptions {
  readonly out?: string;
  readonly previous?: string;
  readonly acceptors?: '1' | '3';
  readonly placementFrom?: TimeOption;
}

export function addRingAssemble(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('assemble')
    .description('make the ring document of independent domains from the sections they have signed')
    .argument('<section...>', 'the section.jws of each domain')
    .addOption(
      new Option('--acceptors <n>', 'nodes that vote on a flag (default: as in --previous, else 3)').choices([
        '1',
        '3',
      ]),
    )
    .option('--previous <file>', 'the newest ring document, which the new one follows')
    .option(
      '--placement-from <time>',
      'where nodes, stores, replicas or acceptors change: start of the first window it is for',
      timeOption,
    )
    .option('--out <file>', 'file to make (default: the ring document of the configuration)');
  examples(command, [
    ['m-cloud ring assemble a.jws b.jws c.jws', 'the first document of a ring'],
    ['m-cloud ring assemble a.jws b.jws c.jws --previous ring.jws --out ring-2.jws', 'the next one'],
    [
      'm-cloud ring assemble a.jws b.jws c.jws --previous ring.jws --placement-from +1h --out ring-2.jws',
      'one that adds a node',
    ],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED']);
  command.action(async (files: readonly string[], options: AssembleCliOptions) => {
    const session = createSession(command, environment);
    const { config } = command.optsWithGlobals<{ readonly config?: string }>();
    const { privateKeyPem, ringPath } = await readOperatorKey(environment, config);
    const path = (file: string) => resolve(environment.workingFolder, file);
    const operatorKey = toBase64Url(publicKeyFromPem(privateKeyPem));
    const previous =
      options.previous === undefined ? undefined : await readPrevious(path(options.previous), operatorKey);
    const sections: string[] = [];
    for (const file of files) {
      const section = (await readText(path(file), 'a section')).trim();
      await inFile(file, () => openSection(section, nodeVerifier));
      sections.push(section);
    }
    const ring = await assembleRing({
      sections,
      operatorKeyPem: privateKeyPem,
      acceptors: acceptorsOf(options.acceptors) ?? previous?.acceptors ?? 3,
      ...(previous === undefined ? {} : { previous }),
      ...(options.placementFrom === undefined
        ? {}
        : { placementFrom: momentOf(options.placementFrom, environment) }),
    });
    const out = options.out === undefined ? ringPath : path(options.out);
    await writeNewFile(out, `${ring.jws}\n`);
    for (const shared of sharedNames(ring.domains)) {
      session.say(`sensors refuse streams over domains that share one ${shared}`);
    }
    session.answer(
      {
        file: out,
        epoch: ring.epoch,
        hash: ring.hash,
        domains: ring.domains.map(({ domain, key }) => ({ domain, key })),
      },
      () => ringText(out, ring),
    );
  });
}

function acceptorsOf(option: AssembleCliOptions['acceptors']): 1 | 3 | undefined {
  return option === undefined ? undefined : option === '1' ? 1 : 3;
}

function momentOf(time: TimeOption, { clock }: CliEnvironment): number {
  const now = clock.now();
  return timeOf(time, { now, from: now });
}

function ringText(file: string, ring: RingDocument): string {
  return [
    renderTable([
      ['file', file],
      ['epoch', String(ring.epoch)],
      ['hash', ring.hash],
    ]),
    renderTable([['domain', 'key'], ...ring.domains.map(({ domain, key }) => [domain, key])]),
  ].join('\n');
}

async function readPrevious(path: string, operatorKey: string): Promise<RingDocument> {
  const jws = (await readText(path, 'the ring document in force')).trim();
  return inFile(path, () => openRingDocument(jws, nodeVerifier, { operatorKey }));
}
