/**
 * Makes every way to the real clock, timers and randomness throw until the returned function is called: a
 * program that used one would work, and no seed would replay what it did. Only for a process that runs
 * nothing but simulations.
 */
export function forbidRealWorld(): () => void {
  const refuse = (name: string) => () => {
    throw new Error(`expected the simulated world only, got a call of ${name}`);
  };
  const places: readonly (readonly [object, string])[] = [
    [Date, 'now'],
    [Math, 'random'],
    [globalThis, 'setTimeout'],
    [globalThis, 'setInterval'],
    [globalThis.performance, 'now'],
    [globalThis.crypto, 'getRandomValues'],
    [globalThis.crypto.subtle, 'digest'],
    [AbortSignal, 'timeout'],
  ];
  const undo = places.map(([owner, name]) => {
    const own = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, { value: refuse(name), configurable: true, writable: true });
    return () => {
      if (own === undefined) Reflect.deleteProperty(owner, name);
      else Object.defineProperty(owner, name, own);
    };
  });
  return () => {
    for (const restore of undo) restore();
  };
}
