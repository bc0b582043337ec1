/** How many lookups go on at a time, so that a registry which hangs keeps the others' plugins from nothing. */

interface Limits {
  /** Of all registries together. */
  most: number;
  /** Of one registry; fewer than of all. */
  mostOfOne: number;
}

/** Lookups that wait are served registry by registry in turn, and of each in the order in which they came. */
export class LookupSlots {
  readonly #limits: Limits;
  /** By registry: how many lookups go on. */
  readonly #busy = new Map<string, number>();
  /** By registry; the one that had its turn last is the last. */
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /**
   * Does the work when it is its turn.
   *
   * @param registry its host, with its port
   * @throws the signal's reason where that is aborted first; whatever the work throws.
   */
  async use<T>(registry: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#turn(registry, signal);
    try {
      return await work();
    } finally {
      this.#leave(registry);
    }
  }

  async #turn(registry: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#hasRoom(registry)) return this.#enter(registry);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.set(registry, [...(this.#waiting.get(registry) ?? []), resolve]);
    const giveUp = () => {
      this.#setWaiting(
        registry,
        (this.#waiting.get(registry) ?? []).filter((waiter) => waiter !== resolve),
      );
      reject(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', giveUp));
  }

  #hasRoom(registry: string): boolean {
    const all = [...this.#busy.values()].reduce((sum, count) => sum + count, 0);
    return all < this.#limits.most && (this.#busy.get(registry) ?? 0) < this.#limits.mostOfOne;
  }

  #enter(registry: string): void {
    this.#busy.set(registry, (this.#busy.get(registry) ?? 0) + 1);
  }

  #leave(registry: string): void {
    const left = (this.#busy.get(registry) ?? 0) - 1;
    if (left > 0) this.#busy.set(registry, left);
    else this.#busy.delete(registry);
    this.#serve();
  }

  #serve(): void {
    for (const [registry, [next, ...others]] of [...this.#waiting]) {
      if (!next || !this.#hasRoom(registry)) continue;
      this.#waiting.delete(registry);
      this.#setWaiting(registry, others);
      this.#enter(registry);
      next();
    }
  }

  #setWaiting(registry: string, waiters: (() => void)[]): void {
    if (waiters.length > 0) this.#waiting.set(registry, waiters);
    else this.#waiting.delete(registry);
  }
}
