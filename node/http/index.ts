export type { Readiness } from './health.ts';
export type { HttpLimits } from './limits.ts';
export { PUBLIC_LIMITS } from './limits.ts';
export type { ListenAddress, Listener, TlsIdentity } from './listener.ts';
export type { PublicPortOptions } from './public-port.ts';
export { listenPublic } from './public-port.ts';
export type { Caller, Router, RouterRequest, RouterResponse, ServedOperation } from './router.ts';
export type { Shedding } from './shedding.ts';
export { readTlsIdentity } from './tls-files.ts';
