/** When the start of a chain is worth a Warning. Pure but for the clock that it is given. */
import type { ChainCondition } from './condition.ts';

/** Milliseconds that a chain may be starting before somebody is to look. */
export const slowAfterMs = 300_000;

interface Start {
  sinceMs: number;
  warned: boolean;
}

export class SlowStarts {
  readonly #starts = new Map<string, Start>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * Takes what a chain's condition says now.
   *
   * @returns whether to warn, once a start, and otherwise the milliseconds until that has to be asked again
   */
  see(chainUid: string, { reason, failing = false }: ChainCondition): { warn: boolean; againMs?: number } {
    if (reason !== 'Starting') {
      this.#starts.delete(chainUid);
      return { warn: false };
    }
    const start = this.#starts.get(chainUid) ?? { sinceMs: this.#now(), warned: false };
    this.#starts.set(chainUid, start);
    if (start.warned) return { warn: false };
    const leftMs = start.sinceMs + slowAfterMs - this.#now();
    start.warned = failing || leftMs <= 0;
    return start.warned ? { warn: true } : { warn: false, againMs: leftMs };
  }

  forget(chainUid: string): void {
    this.#starts.delete(chainUid);
  }
}
