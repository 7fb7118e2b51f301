import type { Life } from './life.ts';

/** Something that will happen at a simulated instant. */
export interface SimulatedEvent {
  timeMs: number;
  /** Order of scheduling; decides between events of one instant. */
  sequence: number;
  readonly label: string;
  /** Whose event it is; it waits while that process is paused. */
  readonly life?: Life | undefined;
  readonly run: () => void;
  cancelled: boolean;
}

/** A binary heap on (time, sequence). */
export interface EventQueue {
  push(event: SimulatedEvent): void;
  /** The earliest event, still in the queue. */
  peek(): SimulatedEvent | undefined;
  pop(): SimulatedEvent | undefined;
}

export function createEventQueue(): EventQueue {
  const heap: SimulatedEvent[] = [];

  function swap(i: number, j: number): void {
    const held = heap[i]!;
    heap[i] = heap[j]!;
    heap[j] = held;
  }

  function siftUp(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(heap[at]!, heap[parent]!)) return;
      swap(at, parent);
      at = parent;
    }
  }

  function siftDown(): void {
    let at = 0;
    while (true) {
      let least = 2 * at + 1;
      if (least + 1 < heap.length && isBefore(heap[least + 1]!, heap[least]!)) least += 1;
      if (least >= heap.length || !isBefore(heap[least]!, heap[at]!)) return;
      swap(at, least);
      at = least;
    }
  }

  return {
    push(event) {
      heap.push(event);
      siftUp(heap.length - 1);
    },
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (last !== undefined && last !== first) {
        heap[0] = last;
        siftDown();
      }
      return first;
    },
  };
}

function isBefore(a: SimulatedEvent, b: SimulatedEvent): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.sequence < b.sequence);
}
