import type { Transport } from '../../src/ports/index.ts';
import { endLife, type Life } from './kernel/index.ts';

export interface SensorDeath {
  /** Number of the request at which the sensor ends, from 1. */
  readonly request: number;
  /** Whether that request still leaves. */
  readonly sent: boolean;
  /** After so long the device starts again; absent for never. */
  readonly backMs?: number;
}

/** The transport of a sensor that ends at its planned request. */
export function mortal(
  inner: Transport,
  life: Life,
  death: SensorDeath | undefined,
  dies: () => void,
): Transport {
  let requests = 0;
  return {
    ...inner,
    send(node, request, options) {
      requests += 1;
      const now = requests === death?.request;
      const sent = now && !death?.sent ? undefined : inner.send(node, request, options);
      if (now) {
        endLife(life);
        dies();
      }
      return sent ?? new Promise(() => undefined);
    },
  };
}
