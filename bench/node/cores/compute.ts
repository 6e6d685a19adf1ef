/** So many rounds take about 100 µs on a current processor. The same for every server: they are compared. */
const ROUNDS = 65_000;

/** What a handler computes: integer arithmetic that stays in the processor's registers. */
export function compute(seed: number): number {
  let state = seed | 1;
  for (let i = 0; i < ROUNDS; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
  }
  return state;
}
