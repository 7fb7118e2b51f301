import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createRowSeal } from '../../node/engine/row-seal.ts';
import { encodeSynodRow } from '../../node/engine/rows.ts';
import { openSealedStore, STORE_KEY_NAME } from '../../node/engine/sealed-store.ts';
import { openNode } from '../../node/node.ts';
import { createErasedWindows } from '../../node/services/erased-windows.ts';
import { openDataFolder } from '../../node/store/index.ts';
import { fromHex, utf8 } from '../../src/foundation/index.ts';
import { cryptoRandomBytes, nodeSealing, systemClock } from '../../src/platform/index.ts';
import { noAnswer } from '../../src/platform/no-answer.ts';
import type { Store, WindowKeys } from '../../src/ports/index.ts';
import { releasedRowCodec } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { openStreamDocument, signStream } from '../../src/protocol/stream-document.ts';
import { windowId } from '../../src/ring/index.ts';
import { developmentRing, fixedKey, testVerifier } from '../support/development-ring.ts';
import { streamPayload } from '../support/development-stream.ts';
import { recordingLog } from '../support/recording-log.ts';
import { fixedSealingKey } from '../support/simulated-keys.ts';
import { withheldRow } from '../support/withheld-row.ts';

const HELP = `tsx test/bench/erased-start.ts [--windows N]

How long a node opens a store that has erased so many windows of a stream, each with its note and its ledger's vote,
until it asks the other nodes: a real folder, three starts.

  --windows N  erased windows (default 100000)`;

const WINDOWS_MAX = 1_000_000;
const WINDOW_MS = 60_000;
const FIRST_MS = 1_600_000_000_000;
/** Erasures of one commit. */
const AT_ONCE = 1_000;
const RANDOM = cryptoRandomBytes;

async function fill(store: Store, keys: WindowKeys, stream: StreamDocument, windows: number): Promise<void> {
  const storeKey = await keys.create(STORE_KEY_NAME, windowId(0), 0);
  const rowSeal = createRowSeal(RANDOM);
  const sealed = await openSealedStore({
    store,
    rowSeal,
    storeKey,
    randomBytes: RANDOM,
    log: recordingLog(),
  });
  sealed.journal.stage([
    { kind: 'put', table: 'documents', key: fromHex(stream.hash), value: utf8(stream.jws) },
  ]);
  const erased = createErasedWindows({ ...sealed, storeKey });
  for (let from = 0; from < windows; from += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, windows - from) }, (_, place) => from + place);
    const scopes = some.map((place) => ({
      stream: stream.hash,
      window: windowId(FIRST_MS + place * WINDOW_MS),
      group: 0,
    }));
    await Promise.all(
      scopes.map((scope) => {
        const value = withheldRow(scope);
        const bytes = releasedRowCodec.encode(value);
        const ballot = { counter: 1, proposer: 0 };
        const vote = encodeSynodRow({ promised: ballot, accepted: { ballot, value: bytes } });
        const window = { scope, notBefore: scope.window, latest: scope.window, release: { bytes, value } };
        return erased.begin(window, [], vote);
      }),
    );
    await Promise.all(scopes.map((scope) => erased.finish(scope)));
  }
  await sealed.journal.close();
}

async function main(windows: number): Promise<void> {
  const ring = await developmentRing({ nodes: [1, 1] });
  const [section] = ring.domains;
  const [self] = section?.nodes ?? [];
  if (section === undefined || self === undefined) throw new Error('expected a node');
  const jws = await signStream(streamPayload(ring), fixedKey('operator').signer);
  const stream = await openStreamDocument(jws, testVerifier, ring);
  const folder = await mkdtemp(join(tmpdir(), 'mcloud-erased-'));
  const open = () => openDataFolder(folder, self.storeId, RANDOM);
  try {
    const empty = await open();
    await fill(empty.store, empty.windowKeys, stream, windows);
    await empty.store.close();
    for (let start = 1; start <= 3; start++) {
      const from = performance.now();
      const cpu = process.cpuUsage();
      const { store, windowKeys, doubt } = await open();
      const node = await openNode(
        {
          clock: systemClock(),
          randomBytes: RANDOM,
          store,
          keys: windowKeys,
          connect: () => ({
            send: (to) => Promise.reject(noAnswer(to, 'ECONNREFUSED')),
            close: async () => {},
          }),
          log: recordingLog(),
          verifier: testVerifier,
          sealing: nodeSealing,
        },
        {
          nodeId: self.id,
          domain: section.domain,
          ring: ring.jws,
          sealingKey: fixedSealingKey(section.domain),
          allowOpenEnrolment: true,
          doubt,
        },
      );
      const { user, system } = process.cpuUsage(cpu);
      const ms = [performance.now() - from, (user + system) / 1_000].map((one) => one.toFixed(0));
      process.stdout.write(`start ${start}: ${ms[0]} ms, ${ms[1]} ms of the processor\n`);
      node.serving.catch(() => {});
      await node.close();
      await store.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const { values } = parseArgs({ options: { windows: { type: 'string' }, help: { type: 'boolean' } } });
const windows = Number(values.windows ?? 100_000);
if (values.help || !Number.isInteger(windows) || windows < 0 || windows > WINDOWS_MAX) {
  process.stdout.write(`${HELP}\n`);
} else {
  await main(windows);
  process.exit();
}
