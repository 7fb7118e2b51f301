import { EngineError } from '../../src/foundation/index.ts';
import type { WindowScope } from '../../src/protocol/index.ts';
import { windowName } from '../../src/protocol/index.ts';
import type { StreamHash } from '../../src/ring/identifiers.ts';
import type { OpenWindowRecord, WindowRecord } from './windows.ts';

/** Windows of all streams that a node keeps in memory: all that are open and not erased. */
export const WINDOWS_MAX = 65_536;
/** Windows asked about that are not open: anyone may name one, so the oldest is forgotten beyond this. */
export const UNOPENED_MAX = 1_024;

/** The node's own record of each window that it knows or was asked about lately. */
export interface WindowMemory {
  of(scope: WindowScope): WindowRecord | undefined;
  openOf(scope: WindowScope): OpenWindowRecord | undefined;
  /** A window that was asked about; the oldest of them is forgotten. */
  note(record: WindowRecord): void;
  /** @throws `OVERLOADED` where no further window of the stream may be open */
  checkRoom(stream: StreamHash): void;
  open(record: OpenWindowRecord): void;
  close(scope: WindowScope): void;
  all(): readonly OpenWindowRecord[];
}

export function createWindowMemory(perStreamMax: number): WindowMemory {
  const opened = new Map<string, OpenWindowRecord>();
  const unopened = new Map<string, WindowRecord>();
  /** How many of `opened` each stream has. */
  const openedOf = new Map<StreamHash, number>();
  const count = (stream: StreamHash): number => openedOf.get(stream) ?? 0;

  return {
    of: (scope) => opened.get(windowName(scope)) ?? unopened.get(windowName(scope)),
    openOf: (scope) => opened.get(windowName(scope)),
    note(record) {
      unopened.set(windowName(record.scope), record);
      const oldest = unopened.keys().next().value;
      if (unopened.size > UNOPENED_MAX && oldest !== undefined) unopened.delete(oldest);
    },
    checkRoom(stream) {
      if (opened.size >= WINDOWS_MAX)
        throw new EngineError('OVERLOADED', `expected at most ${WINDOWS_MAX} windows`);
      if (count(stream) < perStreamMax) return;
      throw new EngineError(
        'OVERLOADED',
        `expected at most ${perStreamMax} windows of a stream that are not erased yet`,
      );
    },
    open(record) {
      const name = windowName(record.scope);
      opened.set(name, record);
      openedOf.set(record.scope.stream, count(record.scope.stream) + 1);
      unopened.delete(name);
    },
    close(scope) {
      if (opened.delete(windowName(scope))) openedOf.set(scope.stream, count(scope.stream) - 1);
    },
    all: () => [...opened.values()],
  };
}
