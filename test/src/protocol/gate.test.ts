import { describe, expect, it } from 'vitest';
import { gateVerdict } from '../../../src/protocol/gate.ts';
import { fc, test } from '../../support/property.ts';

const STREAM = { minSensors: 10, minCommittedPercent: 90 };

describe('the gate', () => {
  it('asks for the larger of the minimum of the stream and that of the domain', () => {
    const counts = (accepted: number) => ({ accepted, included: accepted, held: accepted });
    expect(gateVerdict(STREAM, 8, counts(9))).toBe('TOO_FEW_SENSORS');
    expect(gateVerdict(STREAM, 8, counts(10))).toBeNull();
    expect(gateVerdict(STREAM, 12, counts(11))).toBe('TOO_FEW_SENSORS');
    expect(gateVerdict(STREAM, 12, counts(12))).toBeNull();
  });

  it('asks for most of the sensors that sent a share', () => {
    expect(gateVerdict(STREAM, 8, { accepted: 18, included: 18, held: 20 })).toBeNull();
    expect(gateVerdict(STREAM, 8, { accepted: 17, included: 17, held: 19 })).toBe('TOO_FEW_COMMITTED');
    expect(gateVerdict(STREAM, 8, { accepted: 10, included: 18, held: 21 })).toBe('TOO_FEW_COMMITTED');
  });

  test.prop([fc.nat(50), fc.nat(50), fc.nat(50)])(
    'never passes fewer accepted sensors than either minimum, whatever else is there',
    (accepted, others, left) => {
      const included = accepted + others;
      const verdict = gateVerdict(STREAM, 13, { accepted, included, held: included + left });
      if (accepted < 13) expect(verdict).toBe('TOO_FEW_SENSORS');
      else expect(verdict === null).toBe(included / (included + left) >= 0.9);
    },
  );
});
