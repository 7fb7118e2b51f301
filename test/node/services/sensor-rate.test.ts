import { afterEach, describe, expect, it } from 'vitest';
import {
  createSensorRate,
  SENSOR_PACKETS_PER_SECOND_MAX,
  SENSORS_COUNTED_MAX,
} from '../../../node/services/sensor-rate.ts';
import { operations } from '../../../src/protocol/index.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { type SmallCloud, startSmallCloud } from '../../support/small-cloud.ts';

let cloud: SmallCloud | undefined;
afterEach(async () => {
  await cloud?.close();
  cloud = undefined;
});

describe('the packets of one sensor', () => {
  it('are limited in each second, whatever others send', async () => {
    const clock = createManualClock(1_000_000);
    const rate = createSensorRate(clock);
    for (let sent = 0; sent < SENSOR_PACKETS_PER_SECOND_MAX; sent++) {
      rate.check('one');
      rate.count('one');
    }
    expect(() => rate.check('one')).toThrow('expected at most 2000 packets');
    rate.check('other');
    await clock.advance(1_000);
    rate.check('one');
  });

  it('are counted in bounded memory: after too many sensors counting begins again', () => {
    const rate = createSensorRate(createManualClock(1_000_000));
    for (let sent = 0; sent < SENSOR_PACKETS_PER_SECOND_MAX; sent++) rate.count('one');
    for (let other = 1; other < SENSORS_COUNTED_MAX; other++) rate.count(`sensor ${other}`);
    expect(() => rate.check('one')).toThrow('expected at most');
    rate.count('one too many');
    rate.check('one');
  });

  it('beyond the limit are refused for that sensor alone, and taken in the next second', async () => {
    cloud = await startSmallCloud();
    const window = await cloud.openWindow();
    const own = cloud.reading(window, '1', { group: 7 });
    const other = cloud.reading(window, '2', { group: 7 });
    const request = await own.uploadRequest(0);
    const { packets } = await other.uploadRequest(0);
    const flood = Array.from({ length: 1_000 }, () => request.packets).flat();
    const upload = async (sent: typeof request.packets) => {
      const answer = await (cloud ?? expect.fail()).ask(own.owner(0), operations.UPLOAD, {
        ...request,
        packets: sent,
      });
      return answer.packets.map((packet) => packet.answer);
    };
    for (let sent = 0; sent < SENSOR_PACKETS_PER_SECOND_MAX; sent += flood.length) {
      expect(new Set(await upload(flood))).toEqual(new Set(['STORED']));
    }
    expect(await upload([...request.packets, ...packets])).toEqual(['RATE_LIMITED', 'STORED']);
    // Another node counts for itself.
    expect(await own.upload(1)).toEqual({ answers: ['STORED'] });
    await cloud.clock.advance(1_000);
    expect(await upload(request.packets)).toEqual(['STORED']);
  });
});
