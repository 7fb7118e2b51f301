import { EngineError, fromHex, toHex } from '../src/foundation/index.ts';
import type { FlagKey } from '../src/protocol/index.ts';
import { readingId, sensorId } from '../src/protocol/index.ts';
import { streamHash, windowId } from '../src/ring/index.ts';

const FLAG_KEY =
  /^([0-9a-f]{64})\.([0-9]{1,16})\.([0-9]{1,5})\.([0-9a-f]{32})\.([0-9a-f]{32})\.([0-9]{1,10})$/;

/** A flag key as one word, all of it public: what to keep in order to ask for an outcome later. */
export function flagKeyText(key: FlagKey): string {
  const { stream, window, group, count } = key;
  return [stream, window, group, toHex(key.readingId), toHex(key.sensorId), count].join('.');
}

/** @throws EngineError `INVALID_ARGUMENT` when the text is not one that {@link flagKeyText} made. */
export function parseFlagKey(text: string): FlagKey {
  const match = FLAG_KEY.exec(text);
  if (match === null) {
    throw new EngineError('INVALID_ARGUMENT', `expected a flag key, got ${text.length} other characters`);
  }
  const [, stream = '', window = '', group = '', reading = '', sensor = '', count = ''] = match;
  return {
    stream: streamHash(stream),
    window: windowId(Number(window)),
    group: Number(group),
    readingId: readingId(fromHex(reading)),
    sensorId: sensorId(fromHex(sensor)),
    count: Number(count),
  };
}
