/** One after the other: a plugin's apply and setNumVfs never run at the same time. */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs when all that came before has ended, however it ended. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    this.#last = result.catch(() => {});
    return result;
  }

  /** Resolves when nothing runs or waits. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
