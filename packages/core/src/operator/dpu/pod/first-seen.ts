/** When this process saw something first. Clocks of nodes may go ahead of its own. */
export class FirstSeen {
  /** By key. */
  readonly #seen = new Map<string, { time: number; at: number }>();

  /**
   * @param time what a node says, in milliseconds since 1970; another one is another event
   * @returns the earlier of it and of when it was seen first
   */
  earliest(key: string, time: number, now = Date.now()): number {
    const before = this.#seen.get(key);
    const at = before?.time === time ? before.at : now;
    this.#seen.set(key, { time, at });
    return Math.min(time, at);
  }

  forget(key: string): void {
    this.#seen.delete(key);
  }
}
