/**
 * Runs one task at a time, in the order of the calls. The daemon calls concurrently, and repeats calls; what a method
 * finds when it looks must still be true when it acts.
 */
export class InOrder {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => {});
    return result;
  }
}
