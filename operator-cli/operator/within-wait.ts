import type { Clock } from '../../src/ports/index.ts';
import { GRACE_MS, WAIT_MS_DEFAULT, WAIT_MS_MAX } from './limits.ts';
import type { OperatorPorts, WaitOptions } from './ports.ts';

/**
 * Begins a wait.
 * @returns how much of it is left, milliseconds; below zero once it is over. A clock that is set back meanwhile adds nothing to it.
 */
export function startWait(clock: Clock, { waitMs = WAIT_MS_DEFAULT }: WaitOptions): () => number {
  let leftMs = Math.min(waitMs, WAIT_MS_MAX);
  let seen = clock.now();
  return () => {
    const now = clock.now();
    leftMs -= Math.max(0, now - seen);
    seen = now;
    return leftMs;
  };
}

/** The same ports, whose requests take no longer than a wait that begins now, and {@link GRACE_MS} behind it. */
export function withinWait(ports: OperatorPorts, wait: WaitOptions): OperatorPorts {
  const { clock, transport } = ports;
  const left = startWait(clock, wait);
  const send: OperatorPorts['transport']['send'] = (node, request, options) => {
    const leftMs = left();
    const mostMs = Math.max(1, leftMs, Math.floor((leftMs + GRACE_MS) / 2));
    return transport.send(node, request, { ...options, timeoutMs: Math.min(options.timeoutMs, mostMs) });
  };
  return { ...ports, transport: { ...transport, send } };
}
