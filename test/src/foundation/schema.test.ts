import TypeBox from 'typebox';
import { expect, expectTypeOf, test } from 'vitest';
import { type Static, Type, validatorOf } from '../../../src/foundation/index.ts';

const closed = { additionalProperties: false } as const;

test('schemas are those that TypeBox makes under the same names', () => {
  const name = { pattern: '^[a-z]+$', maxLength: 5 };
  const pairs: readonly (readonly [unknown, unknown])[] = [
    [Type.String(name), TypeBox.String(name)],
    [Type.Integer({ minimum: 1 }), TypeBox.Integer({ minimum: 1 })],
    [Type.Number(), TypeBox.Number()],
    [Type.Boolean(), TypeBox.Boolean()],
    [Type.Null(), TypeBox.Null()],
    [Type.Literal('a'), TypeBox.Literal('a')],
    [Type.Literal(1), TypeBox.Literal(1)],
    [Type.Literal(true), TypeBox.Literal(true)],
    [Type.Enum(['a', 'b']), TypeBox.Enum(['a', 'b'])],
    [Type.Array(Type.Null(), { maxItems: 2 }), TypeBox.Array(TypeBox.Null(), { maxItems: 2 })],
    [Type.Union([Type.Null(), Type.String()]), TypeBox.Union([TypeBox.Null(), TypeBox.String()])],
    [
      Type.Object({ a: Type.Null(), b: Type.Optional(Type.String(name)) }, closed),
      TypeBox.Object({ a: TypeBox.Null(), b: TypeBox.Optional(TypeBox.String(name)) }, closed),
    ],
    [
      Type.Object({ ...Type.Partial({ a: Type.Null() }), b: Type.Null() }),
      TypeBox.Object({
        ...TypeBox.Partial(TypeBox.Object({ a: TypeBox.Null() })).properties,
        b: TypeBox.Null(),
      }),
    ],
    [
      Type.Record(Type.String(name), Type.Null(), closed),
      TypeBox.Record(TypeBox.String(name), TypeBox.Null(), closed),
    ],
    [Type.Record(Type.String(), Type.Null()), TypeBox.Record(TypeBox.String(), TypeBox.Null())],
  ];
  for (const [ours, theirs] of pairs) {
    expect(JSON.parse(JSON.stringify(ours))).toEqual(JSON.parse(JSON.stringify(theirs)));
  }
});

test('a validator takes what the type says and tells where another value differs', () => {
  const schema = Type.Object(
    { kind: Type.Literal('a'), size: Type.Optional(Type.Union([Type.Integer(), Type.Null()])) },
    closed,
  );
  expectTypeOf<Static<typeof schema>>().toEqualTypeOf<{ kind: 'a'; size?: number | null }>();
  const { check, errors } = validatorOf(schema);
  const good: unknown[] = [{ kind: 'a' }, { kind: 'a', size: 1 }, { kind: 'a', size: null }];
  const bad: unknown[] = [null, [], {}, { kind: 'b' }, { kind: 'a', size: 0.5 }, { kind: 'a', more: 1 }];
  expect(good.map(check)).toEqual([true, true, true]);
  expect(bad.map(check)).toEqual(bad.map(() => false));
  expect(good.flatMap(errors)).toEqual([]);
  expect(errors({ kind: 'a', size: 'x' })[0]).toMatchObject({ instancePath: '/size', keyword: 'type' });
});
