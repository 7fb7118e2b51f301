export { consecutivePorts, givenPorts, hostPerNode, originOf } from './addresses.ts';
export { assembleRing, sharedNames } from './assemble.ts';
export { bundleOf } from './bundle.ts';
export type { Authority, CertifiedKey } from './certificates.ts';
export { addNode, replaceStore } from './change-domain.ts';
export type { DomainMaterial, NodeMaterial } from './domain.ts';
export { createDomain } from './domain.ts';
export type { ClusterMaterial, DevelopmentClusterOptions } from './init.ts';
export { createDevelopmentCluster } from './init.ts';
export { joinRing } from './join.ts';
export { replaceFile, writeNewFile } from './new-folder.ts';
export { readOperatorConfig } from './operator-config.ts';
export type { Renewal } from './renew-domain.ts';
export { RENEWALS, renewDomain } from './renew-domain.ts';
export {
  AUTHORITY_KEY_FILE,
  writeAuthority,
  writeCluster,
  writeDomain,
  writeOperator,
} from './write-cluster.ts';
