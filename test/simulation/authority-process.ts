import { pushRoster, requireReached } from '../../operator-cli/authority/push-roster.ts';
import { EngineError, toBase64Url, toHex } from '../../src/foundation/index.ts';
import { nodeVerifier } from '../../src/platform/ed25519.ts';
import type { RosterBatch } from '../../src/protocol/index.ts';
import { openRosterBatch, signRosterBatch } from '../../src/protocol/index.ts';
import { fixedSensor } from '../support/fixed-sensor.ts';
import { fixedKey } from '../support/simulated-keys.ts';
import type { FixedRing } from '../support/simulated-ring.ts';
import { type Kernel, START_MS, simulatedClock, startLife } from './kernel/index.ts';
import type { Network } from './network-types.ts';
import type { PlannedBatch } from './private-worlds.ts';
import { sensorName } from './sensor-process.ts';

export const AUTHORITY_NAME = 'authority';
/** What every domain of a world with enrolled sensors believes. */
export const AUTHORITY_KEY = fixedKey(AUTHORITY_NAME).publicKey;
/** Pause before a log that not every domain took is brought again, ms. */
const PAUSE_MS = 1_000;

export interface AuthoritySurroundings {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly ring: FixedRing;
  readonly batches: readonly PlannedBatch[];
  /** Hears of every batch at the moment it is signed: before it nobody can know what it says. */
  signed(sequence: number): void;
}

/** The enrolment authority: signs its log as planned, and brings it to every domain however often that fails. */
export async function runAuthority(surroundings: AuthoritySurroundings): Promise<void> {
  const { kernel, network, ring, signed } = surroundings;
  const life = startLife(AUTHORITY_NAME);
  const clock = simulatedClock(kernel, life);
  const ports = {
    transport: network.transport({ life, name: AUTHORITY_NAME, caller: { kind: 'anonymous' } }),
    clock,
    randomBytes: kernel.random.fork(AUTHORITY_NAME).bytes,
  };
  const log: RosterBatch[] = [];
  for (const batch of surroundings.batches) {
    await clock.sleep(Math.max(0, START_MS + batch.atMs - kernel.now()));
    log.push(await sign(batch, log));
    signed(log.length);
    while (!(await reached())) await clock.sleep(PAUSE_MS);
  }

  async function reached(): Promise<boolean> {
    try {
      requireReached(await pushRoster(ports, ring.document, log, new AbortController().signal));
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.retry) return false;
      throw error;
    }
  }
}

async function sign({ enrol, revoke }: PlannedBatch, log: readonly RosterBatch[]): Promise<RosterBatch> {
  const { signer, publicKey } = fixedKey(AUTHORITY_NAME);
  const sensors = (numbers: readonly number[]) => numbers.map((number) => fixedSensor(sensorName(number)));
  const jws = await signRosterBatch(
    {
      format: 1,
      authority: publicKey,
      sequence: log.length + 1,
      previous: log.at(-1)?.hash ?? null,
      streams: null,
      enrol: sensors(enrol).map(({ keys }) => toBase64Url(keys.publicKey)),
      revoke: sensors(revoke).map(({ sensorId }) => toHex(sensorId)),
    },
    signer,
  );
  return openRosterBatch(jws, nodeVerifier);
}
