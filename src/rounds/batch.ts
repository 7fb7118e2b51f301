import { EngineError, invariant } from '../foundation/index.ts';

export interface BatchOptions<Item, Answer> {
  /** Items of one request. */
  readonly itemsMax: number;
  /** What an item takes of the room in a request; nothing, where it is not given. */
  readonly bytesOf?: (item: Item) => number;
  /** The room of a request; an item that is larger goes alone, for the node to refuse. */
  readonly bytesMax?: number;
  /** How long the first item waits for company. */
  readonly linger: () => Promise<void>;
  /** Sends the items as one request; one answer per item, in their order. */
  readonly send: (items: readonly Item[]) => Promise<readonly Answer[]>;
  /** Says whether a refusal may be about one item only, so that the others deserve a request of their own. */
  readonly concernsOneItem: (error: unknown) => boolean;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/** One request under collection. */
export interface Batch<Item, Answer> {
  /** `undefined` when the batch has left or is full: the item needs another. */
  add(item: Item): Promise<Answer> | undefined;
}

/**
 * Collects items that go to the same node at the same moment into one request: a node spends as much on a
 * request as on a hundred shares. An item that would fail alone fails alone.
 */
export function openBatch<Item, Answer>(options: BatchOptions<Item, Answer>): Batch<Item, Answer> {
  const waiting: Waiting<Item, Answer>[] = [];
  const { bytesOf = () => 0, bytesMax = Number.POSITIVE_INFINITY } = options;
  let bytes = 0;
  let left = false;

  async function leave(): Promise<void> {
    try {
      await options.linger();
    } finally {
      left = true;
    }
    await sendAll(waiting);
  }

  async function sendAll(group: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await options.send(group.map(({ item }) => item));
      group.forEach(({ resolve, reject }, i) => {
        const answer = answers[i];
        if (answer === undefined) reject(tooFewAnswers(group.length, answers.length));
        else resolve(answer);
      });
    } catch (error) {
      if (group.length === 1 || !options.concernsOneItem(error)) rejectAll(group, error);
      else for (const one of group) await sendAll([one]);
    }
  }

  return {
    add(item) {
      if (left || waiting.length >= options.itemsMax) return undefined;
      if (waiting.length > 0 && bytes + bytesOf(item) > bytesMax) return undefined;
      bytes += bytesOf(item);
      return new Promise<Answer>((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (waiting.length === 1) leave().catch((reason: unknown) => rejectAll(waiting, reason));
      });
    },
  };
}

/** Adds an item to the batch under collection for `key`, which is opened where there is none with room. */
export function joinBatch<Item, Answer>(
  batches: Map<string, Batch<Item, Answer>>,
  key: string,
  item: Item,
  open: () => Batch<Item, Answer>,
): Promise<Answer> {
  const joined = batches.get(key)?.add(item);
  if (joined !== undefined) return joined;
  const batch = open();
  batches.set(key, batch);
  const answer = batch.add(item);
  invariant(answer !== undefined, 'a fresh batch has room');
  const forget = () => {
    if (batches.get(key) === batch) batches.delete(key);
  };
  answer.then(forget, forget);
  return answer;
}

function rejectAll<Item, Answer>(group: readonly Waiting<Item, Answer>[], reason: unknown): void {
  for (const { reject } of group) reject(reason);
}

function tooFewAnswers(asked: number, came: number): EngineError {
  return new EngineError('MALFORMED_BODY', `expected ${asked} answers, got ${came}`);
}
