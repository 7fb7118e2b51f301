export type { Brand } from './brand.ts';
export {
  bigEndian,
  characters,
  compareBytes,
  concat,
  equalBytes,
  equalParts,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64Url,
  toHex,
  utf8,
  wordAt,
} from './bytes.ts';
export type { CsvTable, NumericCell } from './csv.ts';
export { numericColumn, parseCsv } from './csv.ts';
export type { ErrorCode, ErrorDetails } from './errors.ts';
export { EngineError, ERROR_TABLE, hasCode, isErrorCode } from './errors.ts';
export type { ExitName } from './exit-codes.ts';
export { EXIT_CODES, exitCodesHelp, exitOf } from './exit-codes.ts';
export { inFile } from './in-file.ts';
export { InvariantViolation, invariant, unreachable } from './invariant.ts';
export { labelledHash, labelledInput, labelledMac, labelledTag } from './labelled-hash.ts';
export { DETAIL_CHARS_MAX, printable } from './printable.ts';
export type { Members, OptionalSchema, Schema, SchemaError, Static, Validator } from './schema.ts';
export { Type, validatorOf } from './schema.ts';
export { compressBlock, expandBlock, SHA256_CONSTANTS, SHA256_INITIAL } from './sha256-block.ts';
export { explainedCode, systemCode, systemReason } from './system-failure.ts';
export { untilAborted } from './until-aborted.ts';
