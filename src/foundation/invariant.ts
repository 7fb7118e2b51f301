/**
 * Throws when a programmer's assumption is broken. It is never caught and never reachable from a request
 * body: what comes from outside is refused by a schema or an {@link EngineError} instead.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}

/** Marks the branch of a `switch` that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable case: ${String(value)}`);
}

export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}
