export type { AuditReport } from './audit.ts';
export type { Sums, WindowResult } from './combine-rows.ts';
export { addSums, combineRows } from './combine-rows.ts';
export type { ComputeOutcome } from './compute.ts';
export type { Problem } from './diagnosis.ts';
export { diagnose } from './diagnosis.ts';
export type { FollowOptions } from './follow.ts';
export * from './limits.ts';
export type { WindowRange } from './list-windows.ts';
export type { Operator, PartOptions } from './operator.ts';
export { createOperator } from './operator.ts';
export type { CallOptions, OperatorPorts, WaitOptions } from './ports.ts';
export type { PlacedStream } from './put-stream.ts';
export type { StreamState } from './read-streams.ts';
export type {
  MissingPart,
  MissingState,
  ReleasedPart,
  SeriesQuestion,
  SeriesResult,
  Total,
} from './series.ts';
export type { NodeReport } from './status.ts';
export { leastSafeSensors, middleOf, STREAM_DEFAULTS, streamPayload } from './stream-payload.ts';
export type { TokenSourceOptions } from './tokens.ts';
export { createTokenSource } from './tokens.ts';
export type { Warning, WarningCode } from './warnings.ts';
export { resultWarnings, streamWarnings } from './warnings.ts';
export type { OpenedWindow } from './windows.ts';
