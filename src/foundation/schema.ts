import type { TLocalizedValidationError } from 'typebox/error';
import { Compile } from 'typebox/schema';

declare const ALLOWED: unique symbol;
/** Tells an object's schema that a member may be missing; a validator sees no symbols. */
const OPTIONAL: unique symbol = Symbol('optional');

/** A JSON schema (draft 2020-12), with the type of the values that it lets through. */
export interface Schema<T> {
  readonly [keyword: string]: unknown;
  readonly [ALLOWED]?: T;
  readonly [OPTIONAL]?: true;
}

/** The values that a schema lets through. */
export type Static<S> = S extends Schema<infer T> ? T : never;

/** A member of an object that may be missing. */
export interface OptionalSchema<T> extends Schema<T> {
  readonly [OPTIONAL]: true;
}

export type Members = Readonly<Record<string, Schema<unknown>>>;

type OptionalKeys<M> = { [K in keyof M]: M[K] extends OptionalSchema<unknown> ? K : never }[keyof M];
type ObjectOf<M> = { [K in Exclude<keyof M, OptionalKeys<M>>]: Static<M[K]> } & {
  [K in OptionalKeys<M>]?: Static<M[K]>;
};
/** As one type, which a message of the compiler can show. */
type Flat<T> = { [K in keyof T]: T[K] };

/** Further keywords of a schema, such as `maxLength`. */
type Keywords = Readonly<Record<string, unknown>>;

/** Makes JSON schemas with their types, as TypeBox does in 373 files that every process would read first: decision 33. */
export const Type = {
  String: (keywords: Keywords = {}): Schema<string> => ({ type: 'string', ...keywords }),
  Integer: (keywords: Keywords = {}): Schema<number> => ({ type: 'integer', ...keywords }),
  Number: (keywords: Keywords = {}): Schema<number> => ({ type: 'number', ...keywords }),
  Boolean: (): Schema<boolean> => ({ type: 'boolean' }),
  Null: (): Schema<null> => ({ type: 'null' }),
  Literal: <const T extends string | number | boolean>(value: T): Schema<T> => ({
    type: typeof value,
    const: value,
  }),
  Enum: <const T extends string>(values: readonly T[]): Schema<T> => ({ enum: values }),
  Array: <T>(items: Schema<T>, keywords: Keywords = {}): Schema<T[]> => {
    return { type: 'array', items, ...keywords };
  },
  Union: <const S extends readonly Schema<unknown>[]>(schemas: S): Schema<Static<S[number]>> => {
    return { anyOf: schemas };
  },
  Object: <M extends Members>(members: M, keywords: Keywords = {}): Schema<Flat<ObjectOf<M>>> => {
    const required = Object.keys(members).filter((name) => members[name]?.[OPTIONAL] !== true);
    return { type: 'object', required, properties: members, ...keywords };
  },
  Optional: <T>(schema: Schema<T>): OptionalSchema<T> => ({ ...schema, [OPTIONAL]: true }),
  /** The same members, each of which may be missing. */
  Partial: <M extends Members>(members: M): { readonly [K in keyof M]: OptionalSchema<Static<M[K]>> } => {
    const optional = Object.entries(members).map(([name, schema]) => [name, Type.Optional(schema)]);
    // No type of the library's says that the names stay with their schemas.
    return Object.fromEntries(optional) as { [K in keyof M]: OptionalSchema<Static<M[K]>> };
  },
  /** An object whose names have the pattern of `name`, where it has one. */
  Record: <T>(
    name: Schema<string>,
    value: Schema<T>,
    keywords: Keywords = {},
  ): Schema<Record<string, T>> => ({
    type: 'object',
    patternProperties: { [String(name.pattern ?? '^.*$')]: value },
    ...keywords,
  }),
} as const;

/** What is wrong with a value, and where. */
export type SchemaError = TLocalizedValidationError;

export interface Validator<T> {
  check(value: unknown): value is T;
  errors(value: unknown): readonly SchemaError[];
}

/** Compiled when it is first asked: a process meets few of the schemas there are. */
export function validatorOf<T>(schema: Schema<T>): Validator<T> {
  let compiled: ReturnType<typeof Compile> | undefined;
  const validator = () => {
    compiled ??= Compile(schema);
    return compiled;
  };
  return {
    check: (value): value is T => validator().Check(value),
    errors: (value) => validator().Errors(value)[1],
  };
}
