import type { PlannedFault } from './faults.ts';
import { scheduleStorageFault } from './harm.ts';
import { placeName, placesOf } from './places.ts';
import type { StorageFault } from './storage-faults.ts';
import type { World } from './world.ts';

/** Lets a fault of the plan happen at its time. */
export function scheduleFault(world: World, fault: PlannedFault): void {
  const { kernel, nodes, plan } = world;
  if (fault.kind === 'sensor death') return;
  if (isStorageFault(fault)) {
    scheduleStorageFault(world, fault);
    return;
  }
  const act = (): void => {
    if (fault.kind === 'crash') nodes[fault.node]?.crash(fault.downMs);
    else if (fault.kind === 'stop') nodes[fault.node]?.stop(fault.downMs);
    else if (fault.kind === 'crash at site') nodes[fault.node]?.arm(fault.site, fault.downMs);
    else if (fault.kind === 'pause')
      nodes[fault.node]?.pause(Math.min(fault.forMs, plan.quietMs - fault.atMs));
    else harmNetwork(world, fault);
  };
  kernel.schedule(`fault ${fault.kind}`, fault.atMs, act);
}

function harmNetwork(
  world: World,
  fault: Extract<PlannedFault, { readonly kind: 'cut' | 'partition' | 'clog' }>,
): void {
  const { kernel, network, plan } = world;
  const forMs = Math.min(fault.forMs, plan.quietMs - fault.atMs);
  if (fault.kind === 'clog') {
    network.clog(placeName(world, fault.from), placeName(world, fault.to), kernel.now() + forMs);
    return;
  }
  const links: (readonly [string, string])[] = [];
  if (fault.kind === 'cut') {
    const [from, to] = [placeName(world, fault.from), placeName(world, fault.to)];
    links.push([from, to], ...(fault.both ? [[to, from] as const] : []));
  } else {
    const places = Array.from({ length: placesOf(world) }, (_, place) => place);
    for (const inside of fault.side.map((place) => placeName(world, place))) {
      for (const outside of places.filter((place) => !fault.side.includes(place))) {
        const other = placeName(world, outside);
        links.push([inside, other], [other, inside]);
      }
    }
  }
  for (const [from, to] of links) network.cut(from, to);
  kernel.schedule('heal', forMs, () => {
    for (const [from, to] of links) network.heal(from, to);
  });
}

function isStorageFault(fault: PlannedFault): fault is StorageFault {
  const kinds: readonly PlannedFault['kind'][] = [
    'bit flip',
    'lost share',
    'dropped commit',
    'lost folder',
    'disk error',
    'full disk',
    'gone',
  ];
  return kinds.includes(fault.kind);
}
