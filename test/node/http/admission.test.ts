import { expect, test } from 'vitest';
import { createAdmission } from '../../../node/http/admission.ts';

test('requests and body bytes are each let in up to their limit', () => {
  const admit = createAdmission({ requestsInFlightMax: 2, bodyBytesInFlightMax: 100 });
  const first = admit(60);
  expect(() => admit(41)).toThrow(/100 bytes/);
  const second = admit(40);
  expect(() => admit(0)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  first();
  expect(() => admit(61)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
  admit(60);
  second();
});

test('room given back twice is given back once', () => {
  const admit = createAdmission({ requestsInFlightMax: 1, bodyBytesInFlightMax: 100 });
  const release = admit(1);
  release();
  release();
  admit(1);
  expect(() => admit(1)).toThrow(expect.objectContaining({ code: 'OVERLOADED' }));
});
