import { EngineError } from '../../src/foundation/index.ts';
import type { HttpLimits } from './limits.ts';

/** Lets requests in while the port has room; the returned function gives the room back, once. */
export type Admit = (bodyBytes: number) => () => void;

/**
 * Counts requests and the bytes their bodies may grow to, from the header on: refusing before a body is read
 * is what keeps an overloaded node able to answer at all.
 */
export function createAdmission(
  limits: Pick<HttpLimits, 'requestsInFlightMax' | 'bodyBytesInFlightMax'>,
): Admit {
  let requests = 0;
  let bytes = 0;
  return (bodyBytes) => {
    if (requests >= limits.requestsInFlightMax) {
      throw new EngineError(
        'OVERLOADED',
        `expected at most ${limits.requestsInFlightMax} requests at a time`,
      );
    }
    if (bytes + bodyBytes > limits.bodyBytesInFlightMax) {
      throw new EngineError(
        'OVERLOADED',
        `expected at most ${limits.bodyBytesInFlightMax} bytes of bodies at a time`,
      );
    }
    requests++;
    bytes += bodyBytes;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      requests--;
      bytes -= bodyBytes;
    };
  };
}
