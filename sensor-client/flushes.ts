export interface FlushesOptions<Place, Item> {
  /** Items of one flush. */
  readonly size: number;
  /** How long the first item waits for company while nothing is under way. */
  readonly linger: () => Promise<void>;
  /** Carries out a flush; `alone` takes work that goes on behind it. Never rejects but for a fault. */
  readonly send: (
    place: Place,
    items: readonly Item[],
    alone: (work: Promise<void>) => void,
  ) => Promise<void>;
  readonly fault: (reason: unknown) => void;
}

/** Collects items of the same place into flushes. */
export interface Flushes<Place, Item> {
  /** @param name of the place; equal names are one place. */
  add(name: string, place: Place, item: Item): void;
  /** Sends what has been collected; resolves when everything under way has ended. */
  end(): Promise<void>;
}

/**
 * As a journal groups its writes: while a flush is under way the next one gathers, and leaves when it is full or the one
 * before it has ended, so that items that come one by one still share their requests.
 */
export function createFlushes<Place, Item>({
  size,
  linger,
  send,
  fault,
}: FlushesOptions<Place, Item>): Flushes<Place, Item> {
  const gathering = new Map<string, { readonly place: Place; readonly items: Item[] }>();
  const running = new Set<Promise<void>>();
  let flushes = 0;

  function track(work: Promise<void>): Promise<void> {
    const tracked: Promise<void> = work.catch(fault).then(() => void running.delete(tracked));
    running.add(tracked);
    return tracked;
  }

  function leave(name: string): void {
    const flush = gathering.get(name);
    if (flush === undefined) return;
    gathering.delete(name);
    flushes += 1;
    const sent = send(flush.place, flush.items, (work) => void track(work)).finally(() => {
      flushes -= 1;
      leaveAll();
    });
    void track(sent);
  }

  function leaveAll(): void {
    for (const name of [...gathering.keys()]) leave(name);
  }

  return {
    add(name, place, item) {
      const flush = gathering.get(name) ?? { place, items: [] };
      gathering.set(name, flush);
      flush.items.push(item);
      if (flush.items.length >= size) leave(name);
      else if (flush.items.length === 1) {
        const alone = () => {
          if (flushes === 0) leaveAll();
        };
        // A linger that is cut short belongs to an upload that ends, which sends what is left by itself.
        linger().then(alone, () => {});
      }
    },
    async end() {
      leaveAll();
      while (running.size > 0) await Promise.all(running);
    },
  };
}
