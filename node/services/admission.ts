import { EngineError } from '../../src/foundation/index.ts';
import type { Clock } from '../../src/ports/index.ts';
import type { MessageContext } from '../../src/protocol/index.ts';
import { countInKey, ENTRY_KEY_BYTES, partitionInKey } from '../../src/protocol/index.ts';
import type { StreamDocument } from '../../src/protocol/stream-document.ts';
import { windowErased } from '../../src/protocol/window-rules.ts';
import type { DomainId, NodeId, Partition } from '../../src/ring/index.ts';
import type { Rings } from '../engine/rings.ts';
import type { Decisions } from './decisions.ts';
import type { Opening } from './opening.ts';
import type { Retirements } from './retirements.ts';
import type { OpenWindowRecord, Windows } from './windows.ts';

export interface AdmissionComponents {
  readonly rings: Rings;
  readonly self: { readonly nodeId: NodeId; readonly domain: DomainId };
  readonly windows: Windows;
  readonly decisions: Decisions;
  readonly opening: Opening;
  readonly clock: Clock;
  readonly retirements: Pick<Retirements, 'check'>;
}

/** What every message about flags and shares must pass, whoever sends it. */
export interface Admission {
  /**
   * The window, once its terms are known here. A fixed one that nobody has opened yet is opened.
   * @throws `STALE_EPOCH`, `UNKNOWN_STREAM`, `STREAM_REFUSED`, `WINDOW_NOT_OPEN`, `WINDOW_SEALED`, `WINDOW_ERASED`
   */
  window(context: MessageContext, signal?: AbortSignal): Promise<OpenWindowRecord>;
  /**
   * What a sensor begins: nothing before the window's start on this node's clock, because who is accepted until
   * then counts for the gate, and nothing of a stream that is retired. @throws as `window`, `WINDOW_NOT_OPEN`,
   * `STREAM_RETIRED`
   */
  begun(context: MessageContext): Promise<OpenWindowRecord>;
  /** @param keys of flags, one after another. @throws `MALFORMED_BODY` when a flag is not of the partition, `STREAM_REFUSED` for a count the stream does not take. */
  entries(stream: StreamDocument, partition: Partition, keys: Uint8Array): void;
  /** The acceptors of a partition's flags, this node among them. @throws `WRONG_NODE` */
  acceptors(record: OpenWindowRecord, partition: Partition): readonly NodeId[];
}

export function createAdmission(components: AdmissionComponents): Admission {
  const { rings, self, windows, decisions, opening, retirements, clock } = components;
  async function window(context: MessageContext, signal?: AbortSignal): Promise<OpenWindowRecord> {
    rings.check(context);
    const known = windows.findOpen(context);
    if (known !== undefined) return known;
    const { stream, window: id, group } = context;
    const record = await windows.find({ stream, window: id, group });
    if (record.erased) throw windowErased(id);
    // Terms are known before their window's key is made: opening it once more would announce it to this node again.
    if ((await decisions.look(record, 'terms', signal)) === null) await opening.openFixed(record, signal);
    else if (record.erased) throw windowErased(id);
    else if (windows.findOpen(context) === undefined) await windows.makeOpen(record);
    const opened = windows.findOpen(context);
    if (opened !== undefined) return opened;
    throw new EngineError('WINDOW_NOT_OPEN', `window ${id} of the stream has not been opened`);
  }

  return {
    window,
    async begun(context) {
      const record = await window(context);
      retirements.check(record.stream);
      if (clock.now() >= record.scope.window) return record;
      throw new EngineError('WINDOW_NOT_OPEN', `window ${record.scope.window} has not begun yet`);
    },
    entries(stream, partition, keys) {
      for (let at = 0; at < keys.length; at += ENTRY_KEY_BYTES) {
        const count = countInKey(keys, at);
        if (partitionInKey(keys, at) !== partition) {
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
