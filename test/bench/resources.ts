import { benchReadings } from './bench-readings.ts';
import type { ClusterScene } from './cluster-scene.ts';
import { openClusterScene } from './cluster-scene.ts';
import type { Sample } from './comparison.ts';
import { exactly } from './comparison.ts';
import type { JiffParties } from './peers/jiff.ts';
import { openJiff } from './peers/jiff.ts';
import type { PlainEndpoint } from './peers/plain-client.ts';
import { openPlainEndpoint } from './peers/plain-client.ts';
import type { Postgres } from './peers/postgres.ts';
import { openPostgres, POSTGRES_CONNECTIONS } from './peers/postgres.ts';
import type { BenchSizes } from './sizes.ts';
import { uploadCoalesced, uploadRate } from './upload-rate.ts';

/**
 * What rows run on, each started when the first row asks for it and warmed up by count, both sides for about as long.
 */
export interface Resources {
  /** Three domains of two nodes. */
  small(): Promise<ClusterScene>;
  /** Three domains of `scaleFactor` times as many. */
  large(): Promise<ClusterScene>;
  /** The small cluster with `manyDomains` domains. */
  domains(): Promise<ClusterScene>;
  plain(): Promise<PlainEndpoint>;
  postgres(): Promise<Postgres>;
  jiff(): Promise<JiffParties>;
  close(): Promise<void>;
}

const NODES_PER_DOMAIN = 2;

export function createResources(sizes: BenchSizes): Resources {
  const opened: Promise<{ close(): Promise<void> }>[] = [];

  function once<T extends { close(): Promise<void> }>(open: () => Promise<T>): () => Promise<T> {
    let resource: Promise<T> | undefined;
    return () => {
      if (resource === undefined) {
        resource = open();
        opened.push(resource);
      }
      return resource;
    };
  }

  /** @param times as many nodes as the small cluster has, and as many SDKs: every node is as warm as in a small one. */
  async function warm(times: number, domains?: number): Promise<ClusterScene> {
    const nodesPerDomain = NODES_PER_DOMAIN * times;
    const scene = await openClusterScene({
      nodesPerDomain,
      processes: sizes.processes,
      ...(domains && { domains }),
    });
    const runs = sizes.clusterWarmUp.map(({ readings, inFlight }) => async () => {
      const sensors = await scene.fleet(times);
      const texts = benchReadings(readings * times);
      return uploadRate(scene, texts, (window) => uploadCoalesced(sensors, texts, window, inFlight));
    });
    return warmed(scene, 'the cluster', runs);
  }

  async function warmPlain(): Promise<PlainEndpoint> {
    const plain = await openPlainEndpoint();
    const texts = benchReadings(sizes.plainWarmUpReadings);
    return warmed(plain, 'the plain endpoint', [() => plain.upload(texts, sizes.coalescedInFlight)]);
  }

  async function warmPostgres(): Promise<Postgres> {
    const postgres = await openPostgres();
    const texts = benchReadings(sizes.plainWarmUpReadings);
    return warmed(postgres, 'PostgreSQL', [() => postgres.upload(texts, POSTGRES_CONNECTIONS)]);
  }

  async function warmJiff(): Promise<JiffParties> {
    const jiff = await openJiff();
    const texts = benchReadings(sizes.jiffWarmUpReadings);
    return warmed(jiff, 'jiff-mpc', [() => jiff.sum(texts)]);
  }

  const small = once(() => warm(1));
  return {
    small,
    large: sizes.scaleFactor === 1 ? small : once(() => warm(sizes.scaleFactor)),
    domains: once(() => warm(1, sizes.manyDomains)),
    plain: once(warmPlain),
    postgres: once(warmPostgres),
    jiff: once(warmJiff),
    async close() {
      await Promise.allSettled(opened.map(async (resource) => (await resource).close()));
    },
  };
}

/**
 * What was opened, after these runs; closed again where one of them fails.
 * @throws InexactSumError where the sums of a run are not exact: who adds wrongly while it is cold is not measured warm
 */
export async function warmed<T extends { close(): Promise<void> }>(
  opened: T,
  name: string,
  runs: readonly (() => Promise<Sample>)[],
): Promise<T> {
  try {
    for (const run of runs) await exactly('warm-up', name, run);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}
