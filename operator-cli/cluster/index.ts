export type { AddressPlan, NodeAddress } from './addresses.ts';
export { consecutivePorts, givenPorts, hostPerNode, originOf } from './addresses.ts';
export type { Authority, CertificateSource, CertifiedKey } from './certificates.ts';
export { createAuthority, issuePeerCertificate, issueServerCertificate } from './certificates.ts';
export type {
  ClusterMaterial,
  DevelopmentClusterOptions,
  DomainMaterial,
  NodeMaterial,
} from './init.ts';
export { createDevelopmentCluster, nodeSettingsOf } from './init.ts';
export type { OperatorConfig } from './operator-config.ts';
export { readOperatorConfig } from './operator-config.ts';
export { writeCluster } from './write-cluster.ts';
