import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { EngineError, inFile } from '../../src/foundation/index.ts';
import { nodeVerifier } from '../../src/platform/index.ts';
import { openRingDocument } from '../../src/ring/index.ts';
import { bundleOf, writeNewFile } from '../cluster/index.ts';
import { readText } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { renderTable } from '../output.ts';
import { createSession } from '../session.ts';

type Pins = Readonly<Record<string, string>>;

interface BundleOptions {
  readonly out: string;
  readonly pin?: Pins;
}

export function addRingBundle(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('bundle')
    .description('make the file that sensors are given: the ring document with every key pinned')
    .argument('<ring>', 'the ring document')
    .requiredOption('--out <file>', 'file to make')
    .option('--pin <domain=key>', 'a key as its domain publishes it; all domains or none', pinOption);
  examples(command, [
    ['m-cloud ring bundle ring.jws --out sensor.json --pin cloud-a=KEY --pin cloud-b=KEY', 'keys compared'],
    ['m-cloud ring bundle ring.jws --out sensor.json', "keys as the operator's document has them"],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED']);
  command.action(async (file: string, { out, pin }: BundleOptions) => {
    const session = createSession(command, environment);
    const jws = await readText(resolve(environment.workingFolder, file), 'the ring document');
    const trust = pin === undefined ? {} : { domainKeys: pin };
    const ring = await inFile(file, () => openRingDocument(jws.trim(), nodeVerifier, trust));
    const missing = Object.keys(pin ?? {}).find(
      (name) => !ring.domains.some(({ domain }) => domain === name),
    );
    if (missing !== undefined) {
      throw new EngineError(
        'RING_REFUSED',
        `expected every pinned domain in the ring, got none called ${missing}`,
      );
    }
    const bundle = bundleOf(ring);
    const path = resolve(environment.workingFolder, out);
    await writeNewFile(path, `${JSON.stringify(bundle, null, 2)}\n`);
    if (pin === undefined) {
      session.say('compare these keys with what each domain publishes itself before a sensor gets the file');
    }
    const { operatorKey, domainKeys, development } = bundle;
    session.answer({ file: path, operatorKey, domainKeys, development }, () =>
      renderTable([
        ['who', 'key'],
        ['operator', operatorKey],
        ...Object.entries(domainKeys).map(([domain, key]) => [domain, key]),
      ]),
    );
  });
}

function pinOption(text: string, before: Pins = {}): Pins {
  const [domain = '', key = '', ...rest] = text.split('=');
  if (!/^[A-Za-z0-9_-]{43}$/.test(key) || rest.length > 0) {
    throw new InvalidArgumentError('Expected a domain and its key of 43 characters, such as cloud-a=KEY.');
  }
  if (Object.hasOwn(before, domain)) throw new InvalidArgumentError(`Expected one key of domain ${domain}.`);
  return { ...before, [domain]: key };
}
