/** Time as plugins and the SDK see it; tests hand in one that they move. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects when `signal` is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}
