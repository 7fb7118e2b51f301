export type { AddressPlan, NodeAddress } from './addresses.ts';
export { consecutivePorts, givenPorts, hostPerNode, originOf } from './addresses.ts';
export type { AssembleOptions } from './assemble.ts';
export { assembleRing, sharedNames } from './assemble.ts';
export { bundleOf } from './bundle.ts';
export type { Authority, CertificateSource, CertifiedKey } from './certificates.ts';
export { createAuthority, issuePeerCertificate, issueServerCertificate } from './certificates.ts';
export type { ReplacedStore } from './change-domain.ts';
export { addNode, replaceStore } from './change-domain.ts';
export type { DomainMaterial, DomainPlan, NodeMaterial } from './domain.ts';
export { createDomain, nodeSettingsOf } from './domain.ts';
export type { ClusterMaterial, DevelopmentClusterOptions } from './init.ts';
export { createDevelopmentCluster } from './init.ts';
export { joinRing } from './join.ts';
export { replaceFile, writeNewFile } from './new-folder.ts';
export type { OperatorConfig } from './operator-config.ts';
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
