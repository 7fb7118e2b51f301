import { resolve } from 'node:path';
import type { Command } from 'commander';
import { inFile } from '../../src/foundation/index.ts';
import type { StreamDraft } from '../../src/protocol/stream-document.ts';
import { readStreamDraft, signStream } from '../../src/protocol/stream-document.ts';
import { parseRecord } from '../../src/ring/index.ts';
import { readText } from '../config.ts';
import type { CliEnvironment } from '../environment.ts';
import { examples, exits } from '../help.ts';
import { streamPayload } from '../operator/index.ts';
import { createSession } from '../session.ts';
import { addStreamOptions, draftOf, type StreamOptions } from '../stream-options.ts';
import { streamJson, streamText } from '../stream-report.ts';

export function addStreamCreate(parent: Command, environment: CliEnvironment): void {
  const command = parent
    .command('create')
    .description('sign a stream and hand it to the nodes of its domains; it never changes');
  addStreamOptions(command);
  examples(command, [
    [
      'm-cloud stream create --name t --field temperature --unit C --decimals 1 --min -40 --max 60 --public-data',
      '',
    ],
    ['m-cloud stream create --name power --field watts --decimals 0 --min 0 --max 100000 --window 15m', ''],
    [
      'm-cloud stream create --name air --field pm10,decimals=0 --field ozone,decimals=1 --min 0 --max 500',
      'with covariance',
    ],
    [
      'm-cloud stream create --name load --field watts --decimals 0 --min 0 --max 9000 --batches --seeds',
      'for gateways of many meters',
    ],
    ['m-cloud stream create -f stream.json', 'all of it: cells, chosen moments, ...'],
  ]);
  exits(command, ['FAILED', 'INPUT', 'REFUSED', 'TRY_AGAIN']);
  command.action(async (options: StreamOptions) => {
    const session = createSession(command, environment);
    const draft = options.file === undefined ? draftOf(options) : await draftFrom(environment, options.file);
    await session.withOperator(async ({ operator, signer }) => {
      const payload = streamPayload(operator.ring, draft, environment.randomBytes);
      const placed = await operator.putStream(await signStream(payload, signer), {
        signal: environment.signal,
        newName: true,
      });
      for (const { node, code } of placed.missed) session.say(`node ${node} did not take it: ${code}`);
      session.answer({ ...streamJson(placed.stream), taken: placed.taken, missed: placed.missed }, () =>
        streamText(placed.stream, session.palette),
      );
    });
  });
}

async function draftFrom(environment: CliEnvironment, file: string): Promise<StreamDraft> {
  const text = await readText(resolve(environment.workingFolder, file), 'the stream');
  return inFile(file, () => readStreamDraft(parseRecord('a stream', text)));
}
