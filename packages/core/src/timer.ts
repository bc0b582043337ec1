/** Milliseconds, nearly 25 days. Node's timers take no longer delay: one beyond it is over at once. */
export const longestTimerMs = 2 ** 31 - 1;

/**
 * A delay as a timer can take it. Longer ones are cut, and so is what is no number, as a time that cannot be read gives it:
 * whoever is called looks again.
 */
export function timerMs(delayMs: number): number {
  return delayMs <= longestTimerMs ? Math.max(0, delayMs) : longestTimerMs;
}
