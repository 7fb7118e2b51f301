export type { PeerPortLimits } from './limits.ts';
export { PEER_LIMITS } from './limits.ts';
export { peerOf } from './peer-certificate.ts';
export { listenPeer } from './peer-port.ts';
