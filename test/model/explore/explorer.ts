/**
 * A system as a graph of plain states. A state is a list of small numbers, each the id of an interned value, so
 * that its key is cheap and two states are equal exactly when their keys are.
 */
export type ModelState = readonly number[];

/** Told of one thing that can happen next; the label is built only for a trace that is printed. */
export type Take = (next: ModelState, label: () => string) => void;

export interface Model {
  readonly initial: ModelState;
  /** Everything that can happen next in `state`, in a fixed order. */
  steps(state: ModelState, take: Take): void;
  /** What is wrong in `state`, or null. */
  violation(state: ModelState): string | null;
}

export type Exploration =
  | { readonly verdict: 'holds'; readonly states: number; readonly depth: number }
  | {
      readonly verdict: 'violated';
      readonly states: number;
      readonly depth: number;
      readonly reason: string;
      /** A shortest way to the violation, one line a step. */
      readonly trace: readonly string[];
    }
  /** More states than allowed: nothing is proven, so it counts as a failure. */
  | { readonly verdict: 'cut'; readonly states: number; readonly depth: number };

/**
 * Visits every reachable state breadth-first, so the first violation found is a shortest one.
 * @param statesMax bounds memory: about 150 bytes a state.
 */
export function explore(model: Model, statesMax: number): Exploration {
  const seen = new Map<string, number>();
  const parents: number[] = [];
  let layer: ModelState[] = [];
  let next: ModelState[] = [];
  let from = -1;
  let depth = 0;
  let found: { readonly index: number; readonly reason: string } | null = null;

  function visit(state: ModelState): void {
    if (found !== null) return;
    const key = keyOf(state);
    if (seen.has(key)) return;
    const index = seen.size;
    seen.set(key, index);
    parents.push(from);
    next.push(state);
    const reason = model.violation(state);
    if (reason !== null) found = { index, reason };
  }
  const result = () => found;

  visit(model.initial);
  let visited = 0;
  while (next.length > 0) {
    [layer, next] = [next, []];
    for (const state of layer) {
      from = visited++;
      if (result() === null && seen.size <= statesMax) model.steps(state, visit);
    }
    const violation = result();
    if (violation !== null) {
      const trace = traceTo(model, [...seen.keys()], parents, violation.index);
      return { verdict: 'violated', states: seen.size, depth: trace.length, reason: violation.reason, trace };
    }
    if (seen.size > statesMax) return { verdict: 'cut', states: seen.size, depth };
    if (next.length > 0) depth += 1;
  }
  return { verdict: 'holds', states: seen.size, depth };
}

function keyOf(state: ModelState): string {
  return String.fromCharCode(...state);
}

/** Walks the way again from the initial state, because labels are not stored. */
function traceTo(model: Model, keys: readonly string[], parents: readonly number[], index: number): string[] {
  const way: string[] = [];
  for (let at = index; at > 0; at = parents[at] ?? 0) way.unshift(keys[at] ?? '');
  const trace: string[] = [];
  let state = model.initial;
  for (const key of way) {
    let reached: { readonly next: ModelState; readonly label: string } | null = null;
    model.steps(state, (next, label) => {
      if (reached === null && keyOf(next) === key) reached = { next, label: label() };
    });
    const { next, label } = reached ?? { next: state, label: '(a step that does not repeat)' };
    trace.push(label);
    state = next;
  }
  return trace;
}

/** `state` with one number changed. */
export function withAt(state: ModelState, place: number, value: number): number[] {
  const next = [...state];
  next[place] = value;
  return next;
}
