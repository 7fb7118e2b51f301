export type { Clock, SleepSignal } from './clock.ts';
export type { Log, LogFields } from './log.ts';
export type { RandomBytes } from './random-bytes.ts';
export type { Sealing, SealingKeyPair } from './sealing.ts';
export type { Store, StoreOperation, StoreRange, TableName } from './store.ts';
export type { Transport, TransportOptions, TransportRequest, TransportResponse } from './transport.ts';
export type { KeyName, WindowKeys } from './window-keys.ts';
