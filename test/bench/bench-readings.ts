/** Readings with one decimal from -50.0 to 60.0, none like its neighbours, the same in every run. */
export function benchReadings(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => (((i * 7_919) % 1_101) / 10 - 50).toFixed(1));
}
