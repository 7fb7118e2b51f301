import { EngineError, type Schema, type SchemaError, validatorOf } from '../foundation/index.ts';

/** Turns an unknown payload into its type, or refuses it. */
export type PayloadReader<T> = (payload: Readonly<Record<string, unknown>>) => T;

/**
 * The reader of one document type: checks the format version, then the whole schema, once; nothing behind it
 * checks again.
 * @param what the document in an error message, such as "a ring document".
 * @param versionField the field with the format version, checked first so that a newer document is called
 * newer and not malformed.
 * @returns a reader that throws EngineError `UNSUPPORTED_VERSION` or `SCHEMA_MISMATCH`, naming the path, what
 * was expected and what came.
 */
export function payloadReader<T>(
  what: string,
  schema: Schema<T>,
  versionField: string,
  version: number,
): PayloadReader<T> {
  const validator = validatorOf(schema);
  return (payload) => {
    const came = payload[versionField];
    if (typeof came === 'number' && came !== version) {
      throw new EngineError('UNSUPPORTED_VERSION', `expected ${what} of format ${version}, got ${came}`);
    }
    if (validator.check(payload)) return payload;
    throw mismatch(what, payload, validator.errors(payload));
  };
}

/**
 * A JSON object from the text of a file that people may edit, so in any layout.
 * @throws EngineError `MALFORMED_TEXT`
 */
export function parseRecord(what: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new EngineError('MALFORMED_TEXT', `expected ${what} as JSON, got ${text.length} other characters`);
  }
  if (isRecord(value)) return value;
  throw new EngineError('MALFORMED_TEXT', `expected ${what} as a JSON object, got another value`);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mismatch(what: string, payload: unknown, errors: readonly SchemaError[]): EngineError {
  const telling = withoutOtherBranches(errors);
  const first = telling[0];
  if (first === undefined) return new EngineError('SCHEMA_MISMATCH', `expected ${what}, got another object`);
  const expected = new Set(
    telling.filter((error) => error.instancePath === first.instancePath).map(expectation),
  );
  const path = first.instancePath === '' ? '/' : first.instancePath;
  const got = first.keyword === 'required' ? 'none' : described(valueAt(payload, first.instancePath));
  return new EngineError(
    'SCHEMA_MISMATCH',
    `expected in ${what} at ${path}: ${[...expected].join(' or ')}; got ${got}`,
    { path },
  );
}

/** Drops the complaints of union branches that another `kind` rules out; they would name the wrong fault. */
function withoutOtherBranches(errors: readonly SchemaError[]): readonly SchemaError[] {
  const facts = errors.filter(
    (error) => error.keyword !== 'anyOf' && error.keyword !== 'additionalProperties',
  );
  const otherBranches = facts
    .filter((error) => error.keyword === 'const' && error.instancePath.endsWith('/kind'))
    .map((error) => error.schemaPath.replace(/(\/anyOf\/\d+)(?!.*\/anyOf\/).*$/, '$1'));
  const left = facts.filter(
    (error) => !otherBranches.some((branch) => `${error.schemaPath}/`.startsWith(`${branch}/`)),
  );
  if (left.length > 0) return left;
  return facts.filter((error) => error.keyword === 'const');
}

function expectation({ keyword, params, message }: SchemaError): string {
  if (keyword === 'boolean') return 'no such field';
  if (keyword === 'const') return JSON.stringify(parameter(params, 'allowedValue'));
  if (keyword === 'type') return `type ${String(parameter(params, 'type'))}`;
  if (keyword === 'required') {
    const lacking = parameter(params, 'requiredProperties');
    const several = Array.isArray(lacking) && lacking.length > 1;
    return several ? `the fields ${lacking.join(', ')}` : `the field ${String(lacking)}`;
  }
  return message;
}

function parameter(params: unknown, name: string): unknown {
  return typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined;
}

function valueAt(payload: unknown, path: string): unknown {
  let value = payload;
  for (const key of path.split('/').slice(1)) {
    value = parameter(value, key.replaceAll('~1', '/').replaceAll('~0', '~'));
  }
  return value;
}

/** Values of a public document, short enough for a log line. */
function described(value: unknown): string {
  if (value === undefined) return 'none';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${typeof value} of ${text.length} characters`;
}
