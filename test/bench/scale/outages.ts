/** Which DPUs serve no pods, and for how long. */
export class Outages {
  /** By DPU, of performance.now(). */
  readonly #since = new Map<string, number>();
  readonly #ever = new Set<string>();
  #most = 0;
  #longestMs = 0;

  begin(dpu: string): void {
    if (this.#since.has(dpu)) return;
    this.#since.set(dpu, performance.now());
    this.#ever.add(dpu);
    this.#most = Math.max(this.#most, this.#since.size);
  }

  end(dpu: string): void {
    const since = this.#since.get(dpu);
    if (since === undefined) return;
    this.#since.delete(dpu);
    this.#longestMs = Math.max(this.#longestMs, performance.now() - since);
  }

  /** How many there are. */
  get now(): number {
    return this.#since.size;
  }

  /** Those since the last call: how many at once, how many at all, and how long the longest was. */
  take(): { most: number; ever: number; longestMs: number } {
    const taken = { most: this.#most, ever: this.#ever.size, longestMs: this.#longestMs };
    this.#ever.clear();
    this.#most = this.#since.size;
    this.#longestMs = 0;
    return taken;
  }
}
