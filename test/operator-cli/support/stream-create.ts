import { operations } from '../../../src/protocol/index.ts';
import type { StreamPayload } from '../../../src/protocol/stream-document.ts';
import { cli, clusterFolder } from './cli.ts';
import { fakeClouds } from './fake-clouds.ts';

/** Options of one field. */
export const FIELD = ['--field', 'celsius', '--decimals', '1', '--min', '-40', '--max', '60'];

/**
 * Clouds of six nodes that have no stream and take every one, and \`stream create\` with a folder for its files.
 * @param terms of a stream that the clouds know, for a test that has them list it.
 */
export async function streamCreation(terms: Partial<StreamPayload> = {}) {
  const clouds = await fakeClouds({ nodes: [2, 2, 2] }, terms);
  const workingFolder = await clusterFolder();
  const documents: string[] = [];
  clouds.on(operations.LIST_STREAMS, () => ({ streams: [] }));
  clouds.on(operations.PUT_STREAM, (_, { document }) => {
    documents.push(document);
    return { done: true };
  });
  return {
    clouds,
    workingFolder,
    /** What nodes were given, in order. */
    documents,
    run: (...args: string[]) => cli(['stream', 'create', ...args], { clouds, workingFolder }),
  };
}
