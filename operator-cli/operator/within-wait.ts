import type { Clock } from '../../src/ports/index.ts';
import { GRACE_MS, WAIT_MS_DEFAULT, WAIT_MS_MAX } from './limits.ts';
import type { OperatorPorts, WaitOptions } from './ports.ts';

/** When a wait that begins now is over, Unix milliseconds. */
export function endOfWait(clock: Clock, { waitMs = WAIT_MS_DEFAULT }: WaitOptions): number {
  return clock.now() + Math.min(waitMs, WAIT_MS_MAX);
}

/** The same ports, whose requests take no longer than a wait that begins now, and {@link GRACE_MS} behind it. */
export function withinWait(ports: OperatorPorts, wait: WaitOptions): OperatorPorts {
  const { clock, transport } = ports;
  const end = endOfWait(clock, wait);
  const send: OperatorPorts['transport']['send'] = (node, request, options) => {
    const leftMs = end - clock.now();
    const mostMs = Math.max(1, leftMs, Math.floor((leftMs + GRACE_MS) / 2));
    return transport.send(node, request, { ...options, timeoutMs: Math.min(options.timeoutMs, mostMs) });
  };
  return { ...ports, transport: { ...transport, send } };
}
