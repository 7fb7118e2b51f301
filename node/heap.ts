import { setFlagsFromString } from 'node:v8';

/** What the heap may grow by after a collection before the next one, percent of what the collection left. */
const GROWTH_PERCENT = 150;

/**
 * For a program that is a node. The engine collects its whole heap whenever that has grown by some megabytes: 20 times in
 * 10^6 readings, for 40 ms of the processor each, and often while a window is sealed
 * (docs/decisions/0034-heap-growth.md).
 */
export function letHeapGrow(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}
