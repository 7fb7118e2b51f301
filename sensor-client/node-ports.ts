import {
  createUndiciTransport,
  cryptoRandomBytes,
  nodeSealing,
  nodeVerifier,
  systemClock,
} from '../src/platform/index.ts';
import type { SensorPorts } from './ports.ts';

/** The real ports on Node. In a file of its own, so that a browser's bundle holds neither undici nor `node:`. */
export function nodePorts(): SensorPorts {
  return {
    clock: systemClock(),
    randomBytes: cryptoRandomBytes,
    verifier: nodeVerifier,
    sealing: nodeSealing,
    connect: (targets) => createUndiciTransport({ targets }),
  };
}
