/** How often one node may ask for certificates: a token bucket for each. */

/** A daemon asks once a DPU and 16 hours, and at each start. */
const burst = 40;
/** Milliseconds until one more may be asked for. */
const refillMs = 30_000;

export class RequestLimit {
  readonly #buckets = new Map<string, { tokens: number; at: number }>();

  /** @param now milliseconds. @returns whether the node may have one more. */
  take(node: string, now: number): boolean {
    const bucket = this.#buckets.get(node) ?? { tokens: burst, at: now };
    const tokens = Math.min(burst, bucket.tokens + (now - bucket.at) / refillMs);
    this.#buckets.set(node, { tokens: tokens < 1 ? tokens : tokens - 1, at: now });
    return tokens >= 1;
  }
}
