import { EngineError } from '../../src/foundation/index.ts';
import type { FlagEntry, MessageContext } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { partitionOf } from '../../src/ring/identifiers.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import type { Rings } from '../engine/rings.ts';
import type { Decisions } from './decisions.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

export interface AdmissionComponents {
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly windows: Windows;
  readonly decisions: Decisions;
}

/** What every message about flags and shares must pass, whoever sends it. */
export interface Admission {
  /** The window, once its terms are known here. @throws `STALE_EPOCH`, `UNKNOWN_STREAM`, `WINDOW_NOT_OPEN` */
  window(context: MessageContext): Promise<OpenWindowRecord>;
  /** @throws `MALFORMED_BODY` when a flag is not of the partition, `STREAM_REFUSED` for a count the stream does not take. */
  entries(stream: StreamDocument, partition: Partition, entries: readonly FlagEntry[]): void;
  /** The acceptors of a partition's flags, this node among them. @throws `WRONG_NODE` */
  acceptors(record: OpenWindowRecord, partition: Partition): readonly NodeId[];
}

export function createAdmission(components: AdmissionComponents): Admission {
  const { rings, self, windows, decisions } = components;
  return {
    async window(context) {
      rings.check(context);
      const known = windows.findOpen(context);
      if (known !== undefined) return known;
      const record = await windows.find({
        stream: context.stream,
        window: context.window,
        group: context.group,
      });
      await decisions.look(record, 'terms');
      const opened = windows.findOpen(context);
      if (opened !== undefined) return opened;
      throw new EngineError('WINDOW_NOT_OPEN', `window ${context.window} of the stream has not been opened`);
    },
    entries(stream, partition, entries) {
      for (const { readingId, count } of entries) {
        if (partitionOf(readingId) !== partition) {
          throw new EngineError('MALFORMED_BODY', `expected flags of partition ${partition} only`);
        }
        if (count < 1 || (stream.countMode === 'single' && count !== 1)) {
          throw new EngineError(
            'STREAM_REFUSED',
            `expected a count of 1 in stream ${stream.name}, got ${count}`,
          );
        }
      }
    },
    acceptors({ scope, stream }, partition) {
      const domains = stream.domains.map(({ id }) => id);
      const acceptors = rings.of(scope).placement.acceptors(domains, partition);
      if (acceptors.includes(self.nodeId)) return acceptors;
      throw new EngineError(
        'WRONG_NODE',
        `expected an acceptor of partition ${partition}: ${acceptors.join(', ')}`,
      );
    },
  };
}
