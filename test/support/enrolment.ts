import { toBase64Url, toHex } from '../../src/foundation/index.ts';
import type { RosterPayload, SensorId } from '../../src/protocol/index.ts';
import { signRosterBatch } from '../../src/protocol/index.ts';
import { documentHash } from '../../src/ring/index.ts';
import { type FixedKey, fixedKey } from './development-ring.ts';
import { freshSensor } from './fixed-sensor.ts';

/** A sensor's key pair as the sensor makes it. */
export interface TestSensor {
  readonly id: SensorId;
  readonly publicKey: Uint8Array;
}

export function createTestSensor(): TestSensor {
  const { sensorId, keys } = freshSensor();
  return { id: sensorId, publicKey: keys.publicKey };
}

/** An enrolment authority that signs whatever it is told, also what no node should take. */
export interface TestAuthority extends FixedKey {
  /** The next batch of its log. */
  next(changes: Partial<Pick<RosterPayload, 'streams'>> & Changes): Promise<string>;
  /** A batch as given; it does not become part of the log. */
  sign(payload: Partial<RosterPayload>): Promise<string>;
}

interface Changes {
  readonly enrol?: readonly TestSensor[];
  readonly revoke?: readonly SensorId[];
}

export function createTestAuthority(name = 'authority'): TestAuthority {
  const key = fixedKey(name);
  let sequence = 0;
  let previous: string | null = null;
  const sign = (payload: Partial<RosterPayload>): Promise<string> =>
    signRosterBatch(
      {
        format: 1,
        authority: key.publicKey,
        sequence: sequence + 1,
        previous,
        streams: null,
        enrol: [],
        revoke: [],
        ...payload,
      },
      key.signer,
    );
  return {
    ...key,
    sign,
    async next({ enrol = [], revoke = [], streams = null }) {
      const jws = await sign({
        streams,
        enrol: enrol.map(({ publicKey }) => toBase64Url(publicKey)),
        revoke: revoke.map(toHex),
      });
      sequence += 1;
      previous = documentHash(jws);
      return jws;
    },
  };
}
