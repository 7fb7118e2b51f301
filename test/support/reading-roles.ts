import type { NodeId } from '../../src/ring/index.ts';
import { nodeId } from '../../src/ring/index.ts';
import type { RawReading } from './raw-reading.ts';
import { type SmallCloud, startSmallCloud } from './small-cloud.ts';

const DOMAIN_A = ['a1', 'a2', 'a3'].map(nodeId);

/** A reading, and what the three nodes of domain a are to it. */
export interface ReadingRoles {
  readonly cloud: SmallCloud;
  readonly reading: RawReading;
  readonly first: NodeId;
  readonly second: NodeId;
  /** The node of domain a that owns nothing of the reading's partition. */
  readonly other: NodeId;
}

/** A cloud whose domain a has three nodes and two replicas, with an open window. */
export async function openReadingRoles(): Promise<ReadingRoles> {
  const cloud = await startSmallCloud({ shape: { nodes: [3, 1, 1], acceptors: 3, replicas: 2 } });
  const reading = cloud.reading(await cloud.openWindow(), '1', { group: 5 });
  const [first, second] = reading.owners(0);
  const other = DOMAIN_A.find((node) => node !== first && node !== second);
  if (first === undefined || second === undefined || other === undefined) throw new Error('expected 3 nodes');
  return { cloud, reading, first, second, other };
}
