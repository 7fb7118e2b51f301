import { describe, expect, it } from 'vitest';
import { Type, utf8 } from '../../../src/foundation/index.ts';
import {
  BINARY_CONTENT,
  binaryCodec,
  emptyCodec,
  JSON_CONTENT,
  jsonCodec,
  parseJson,
} from '../../../src/protocol/codec.ts';
import { u16 } from '../../../src/protocol/layout.ts';
import { refusal } from '../../support/codec-laws.ts';
import { fc, test } from '../../support/property.ts';

const POINT = Type.Object(
  { x: Type.Integer({ minimum: 0 }), name: Type.Optional(Type.String()) },
  { additionalProperties: false },
);
const codec = jsonCodec(POINT);
const json = (text: string) => refusal(codec, utf8(text));

describe('a JSON codec', () => {
  it('names its content type and writes what it reads', () => {
    expect(codec.contentType).toBe(JSON_CONTENT);
    expect(codec.decode(codec.encode({ x: 1, name: 'ü' }))).toEqual({ x: 1, name: 'ü' });
  });

  it.each(['', '{', '{"x":1}}', '{"x":01}', '{"x":NaN}', "{'x':1}", '\ufeff{"x":1}', '{"x":1,}'])(
    'refuses %j, which is no JSON',
    (text) => {
      expect(json(text)).toBe('MALFORMED_TEXT');
    },
  );

  it('refuses bytes that are not UTF-8', () => {
    expect(refusal(codec, Uint8Array.of(0x22, 0xff, 0x22))).toBe('MALFORMED_TEXT');
  });

  it.each([
    'null',
    '[]',
    '"x"',
    '{}',
    '{"x":"1"}',
    '{"x":1.5}',
    '{"x":-1}',
    '{"x":1e400}',
    '{"x":1,"y":2}',
    '{"x":1,"__proto__":{"name":"a"}}',
    '{"x":1,"name":null}',
  ])('refuses %s, which is another type', (text) => {
    expect(json(text)).toBe('SCHEMA_MISMATCH');
  });

  it('says where the mistake is and nothing of the value there', () => {
    expect(() => codec.decode(utf8('{"x":"secret-share"}'))).toThrow(
      expect.objectContaining({ details: { place: '/x' }, message: expect.not.stringContaining('secret') }),
    );
    expect(() => parseJson(utf8('secret-share'))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });

  test.prop([fc.jsonValue()])('takes or refuses any JSON with a code, never with a crash', (value) => {
    expect([null, 'SCHEMA_MISMATCH']).toContain(json(JSON.stringify(value)));
  });
});

describe('a binary codec', () => {
  it('puts the version of the wire format in front', () => {
    expect(binaryCodec(u16).contentType).toBe(BINARY_CONTENT);
    expect([...binaryCodec(u16).encode(513)]).toEqual([1, 2, 1]);
  });
});

describe('the codec of requests without content', () => {
  it('takes no byte and refuses one', () => {
    expect(emptyCodec.decode(emptyCodec.encode(null))).toBeNull();
    expect(refusal(emptyCodec, Uint8Array.of(0))).toBe('MALFORMED_BODY');
  });
});
