export type { NodeConfig } from './config.ts';
export { loadNodeConfig } from './config.ts';
export type { NodeHandle, NodePorts, NodeSettings } from './node.ts';
export { openNode } from './node.ts';
export type { StartedNode, StartNodeOptions } from './start-node.ts';
export { startNode } from './start-node.ts';
