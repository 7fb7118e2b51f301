import type { Clock } from '../../src/ports/index.ts';
import type { UploadProgress } from '../upload-many.ts';

/** Pause between two pictures of the bar, milliseconds: faster than anybody reads, slower than a terminal draws. */
const BAR_MS = 100;
/** Pause between two lines where they cannot overwrite each other, milliseconds. */
const LINE_MS = 5_000;
const BAR_CELLS = 30;

export interface ProgressOptions {
  readonly err: (text: string) => void;
  readonly clock: Clock;
  /** A bar that overwrites itself, else a line every few seconds. */
  readonly live: boolean;
  /** Readings in all, where that is known. */
  readonly total?: number;
}

export interface Progress {
  show(progress: UploadProgress): void;
  /** Removes the bar, so that what follows starts on a clean line. */
  end(): void;
}

export function createProgress({ err, clock, live, total }: ProgressOptions): Progress {
  let shownAt = live ? Number.NEGATIVE_INFINITY : clock.now();
  let drawn = false;
  return {
    show(progress) {
      const now = clock.now();
      if (now - shownAt < (live ? BAR_MS : LINE_MS)) return;
      shownAt = now;
      if (live) err(`\r\u001b[K${bar(progress, total)}${counts(progress, total)}`);
      else err(`${counts(progress, total)}\n`);
      drawn = live;
    },
    end() {
      if (drawn) err('\r\u001b[K');
      drawn = false;
    },
  };
}

function counts({ committed, failed }: UploadProgress, total: number | undefined): string {
  const of = total === undefined ? '' : ` of ${total}`;
  return `committed ${committed}${of}${failed === 0 ? '' : `, failed ${failed}`}`;
}

function bar({ committed, failed }: UploadProgress, total: number | undefined): string {
  if (total === undefined || total === 0) return '';
  const done = Math.floor((BAR_CELLS * (committed + failed)) / total);
  return `[${'#'.repeat(done)}${'.'.repeat(BAR_CELLS - done)}] `;
}
