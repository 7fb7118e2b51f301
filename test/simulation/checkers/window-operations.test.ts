import { expect, it } from 'vitest';
import { operations } from '../../../src/protocol/index.ts';
import { messageSamples } from '../../vectors/generate/message-samples.ts';
import { contextOf } from './window-operations.ts';

/** Whether the bytes are a request of that kind, about a window. */
function isAboutWindow(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): boolean {
  try {
    const request = decode(bytes);
    return typeof request === 'object' && request !== null && 'context' in request;
  } catch {
    return false;
  }
}

it('the window of every request that names one is known, but for the ledger', () => {
  const samples = messageSamples().map(({ bytes }) => bytes);
  const unknown = Object.entries(operations).filter(([, { method, path, request }]) => {
    const body = samples.find((bytes) => isAboutWindow(request.decode, bytes));
    if (body === undefined) return false;
    const contentType = 'application/octet-stream';
    const response = { status: 200, contentType, body: new Uint8Array(0) };
    const exchange = {
      from: 'a1',
      to: 'b1',
      arrivedAt: 0,
      request: { method, path, contentType, body },
      response,
    };
    return contextOf(exchange) === undefined;
  });
  expect(unknown.map(([name]) => name)).toEqual(['LEDGER']);
});
