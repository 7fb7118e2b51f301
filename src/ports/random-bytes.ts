/**
 * Fills and returns a fresh array of `length` random bytes. Production `main` files hand over the platform's
 * cryptographic generator; nothing else may be used where a share, a key or an id is drawn.
 */
export type RandomBytes = (length: number) => Uint8Array;
