import { describe, expect, test } from 'vitest';
import { EngineError, ERROR_TABLE, type ErrorCode, fromUtf8, utf8 } from '../../../src/foundation/index.ts';
import { errorFromProblem, PROBLEM_CONTENT_TYPE, problemOf } from '../../../src/protocol/index.ts';
import { fc, test as property } from '../../support/property.ts';

const CODES = Object.keys(ERROR_TABLE) as ErrorCode[];

function parsed(error: unknown): unknown {
  return JSON.parse(fromUtf8(problemOf(error).body));
}

describe('an error as a problem document', () => {
  test('has the members of RFC 9457 and the code', () => {
    expect(parsed(new EngineError('STALE_EPOCH', 'expected epoch 3, got 2', { epoch: 3 }))).toEqual({
      type: 'urn:m-cloud:error:STALE_EPOCH',
      title: ERROR_TABLE.STALE_EPOCH.meaning,
      status: 409,
      detail: 'expected epoch 3, got 2',
      code: 'STALE_EPOCH',
      details: { epoch: 3 },
    });
  });

  test('says nothing but its code where it speaks of the inside of a node', () => {
    const answer = problemOf(new EngineError('STORE_FAILED', '/secret/folder', { folder: '/secret/folder' }));
    expect(answer.status).toBe(500);
    expect(fromUtf8(answer.body)).not.toContain('secret');
    expect(parsed(new EngineError('STORE_FAILED', 'x'))).toMatchObject({ code: 'STORE_FAILED', details: {} });
  });

  test('is INTERNAL and without a word when nobody foresaw it', () => {
    for (const thrown of [new Error('the share is 4711'), '4711', undefined, null, { code: 'WITHHELD' }]) {
      expect(parsed(thrown)).toMatchObject({ status: 500, code: 'INTERNAL', details: {} });
      expect(fromUtf8(problemOf(thrown).body)).not.toContain('4711');
    }
  });

  property.prop([
    fc.record({
      code: fc.constantFrom(...CODES.filter((code) => ERROR_TABLE[code].status !== 500)),
      message: fc.string({ unit: fc.constantFrom(...'aé😀"\\/ '), maxLength: 200 }),
      details: fc.dictionary(
        fc.constantFrom('a', 'b', '__proto__'),
        fc.oneof(fc.string(), fc.integer(), fc.boolean()),
      ),
    }),
  ])('is read back as it was', ({ code, message, details }) => {
    const { status, body } = problemOf(new EngineError(code, message, details));
    const error = errorFromProblem(status, body, `${PROBLEM_CONTENT_TYPE}; charset=utf-8`);
    expect({ code: error.code, message: error.message }).toEqual({ code, message });
    expect(JSON.stringify(error.details)).toBe(JSON.stringify(details));
  });
});

describe('an answer that is no problem document of ours', () => {
  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'FORBIDDEN'],
    [404, 'UNKNOWN_OPERATION'],
    [413, 'BODY_TOO_LARGE'],
    [415, 'UNSUPPORTED_MEDIA_TYPE'],
    [408, 'UNREACHABLE'],
    [502, 'UNREACHABLE'],
    [503, 'UNREACHABLE'],
    [504, 'UNREACHABLE'],
    [418, 'INTERNAL'],
    [500, 'INTERNAL'],
  ])('of status %i is %s', (status, code) => {
    expect(errorFromProblem(status, utf8('<html>'), 'text/html')).toMatchObject({
      code,
      details: { status },
    });
  });

  test.each([
    ['not JSON', '{'],
    ['not an object', '"x"'],
    ['without a code', '{"detail":"x"}'],
    ['of a code we do not have', '{"code":"NO_SUCH"}'],
    ['with a code of the prototype', '{"code":"constructor"}'],
    ['with details that are no facts', '{"code":"WITHHELD","details":{"a":{}}}'],
    ['with a detail that is no text', '{"code":"WITHHELD","detail":7}'],
  ])('%s is judged by its status alone', (_name, body) => {
    expect(errorFromProblem(403, utf8(body), PROBLEM_CONTENT_TYPE).code).toBe('FORBIDDEN');
  });

  test('cannot write to a terminal or fill it', () => {
    const detail = `\u001b[2J\u0007line\r\n${'x'.repeat(5_000)}`;
    const body = utf8(JSON.stringify({ code: 'WITHHELD', detail, other: 'member' }));
    const error = errorFromProblem(403, body, PROBLEM_CONTENT_TYPE);
    expect(error.code).toBe('WITHHELD');
    expect(error.message).not.toMatch(/\p{Cc}/u);
    expect(error.message).toHaveLength(1_000);
  });
});
