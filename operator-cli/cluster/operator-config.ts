import { type Static, Type } from '../../src/foundation/index.ts';
import { parseRecord, payloadReader } from '../../src/ring/index.ts';

const path = Type.String({ minLength: 1, maxLength: 4096 });
const schema = Type.Object(
  {
    format: Type.Literal(1),
    /** File of the newest ring document the operator has, compact JWS. */
    ring: path,
    /** PKCS #8 PEM of the operator's Ed25519 key. */
    key: path,
  },
  { additionalProperties: false },
);

/** The file `operator.json`; every path in it is relative to the folder the file lies in. */
export type OperatorConfig = Static<typeof schema>;

const readConfig = payloadReader('an operator configuration', schema, 'format', 1);

/**
 * Reads the text of `operator.json`.
 * @throws EngineError `MALFORMED_TEXT`, `SCHEMA_MISMATCH`, `UNSUPPORTED_VERSION`
 */
export function readOperatorConfig(text: string): OperatorConfig {
  return readConfig(parseRecord('an operator configuration', text));
}
