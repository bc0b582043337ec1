/**
 * How long ago something happened, by a clock that nobody sets: one that is put forward makes nothing overdue, one that is
 * put back keeps nothing waiting.
 */
export class Elapsed {
  /** By owner, and by what happened to it. */
  readonly #events = new Map<string, Map<string, Event>>();

  /**
   * What this process saw come counts from then, whatever the clock of who wrote the time. What had come before it looked
   * first counts by the wall clocks of that moment too: a clock that is ahead or behind counts once.
   *
   * @param time of an object; another text is another event, none is that it has not happened
   * @returns milliseconds, never below 0
   */
  since(owner: string, what: string, time: string | undefined): number {
    const events = this.#events.get(owner) ?? new Map<string, Event>();
    this.#events.set(owner, events);
    const before = events.get(what);
    if (before && before.time === time) return before.elapsedMs + performance.now() - before.at;
    const elapsedMs = before || time === undefined ? 0 : sinceByWallClock(time);
    events.set(what, { time, elapsedMs, at: performance.now() });
    return elapsedMs;
  }

  forget(owner: string): void {
    this.#events.delete(owner);
  }
}

/** {@link Elapsed.since} of one owner; to be asked also while there is no time. */
export type Since = (what: string, time: string | undefined) => number;

interface Event {
  time: string | undefined;
  /** When it was looked at first. */
  elapsedMs: number;
  /** Of performance.now(): when that was. */
  at: number;
}

/** 0 for what lies ahead, and for a text that is no time. */
function sinceByWallClock(time: string): number {
  return Math.max(0, Date.now() - Date.parse(time) || 0);
}
