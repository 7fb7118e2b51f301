import { AUTHORITY_NAME } from './authority-process.ts';
import { OPERATOR_NAME } from './operator-process.ts';
import { sensorName } from './sensor-process.ts';
import type { World } from './world.ts';

/** How many places a plan can number. */
export function placesOf({ nodes, plan }: World): number {
  return nodes.length + plan.sensors + (plan.roster === undefined ? 1 : 2);
}

/** The name in the network of a place that a plan numbers: nodes, then sensors, the operator, the authority. */
export function placeName({ nodes, plan }: World, place: number): string {
  const node = nodes[place];
  if (node !== undefined) return node.node;
  const sensor = place - nodes.length;
  if (sensor < plan.sensors) return sensorName(sensor);
  return sensor === plan.sensors ? OPERATOR_NAME : AUTHORITY_NAME;
}
