const wishes = new Set<() => void>();
let listening = false;

/**
 * Runs `wish` when this process exits, however many there are behind one listener.
 * @returns takes the wish back
 */
export function atExit(wish: () => void): () => void {
  wishes.add(wish);
  if (!listening) {
    listening = true;
    process.once('exit', () => {
      for (const one of wishes) one();
    });
  }
  return () => void wishes.delete(wish);
}
