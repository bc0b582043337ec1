import { type KubeObject, keyOf } from './resource.ts';

/** The objects of a cache by words that stand in them, so that nobody walks through all of a fleet for a few. */
export class CacheIndex<T extends KubeObject> {
  readonly #wordsOf: (object: T) => readonly string[];
  readonly #byWord = new Map<string, Map<string, T>>();

  constructor(wordsOf: (object: T) => readonly string[]) {
    this.#wordsOf = wordsOf;
  }

  get(word: string): T[] {
    return [...(this.#byWord.get(word)?.values() ?? [])];
  }

  /** How many {@link get} answers. */
  count(word: string): number {
    return this.#byWord.get(word)?.size ?? 0;
  }

  /** The informer's: takes a change of its cache in. */
  put(previous: T | undefined, next: T | undefined): void {
    if (previous) this.#remove(previous);
    if (!next) return;
    for (const word of this.#wordsOf(next)) {
      const objects = this.#byWord.get(word) ?? new Map<string, T>();
      objects.set(keyOf(next), next);
      this.#byWord.set(word, objects);
    }
  }

  #remove(object: T): void {
    for (const word of this.#wordsOf(object)) {
      const objects = this.#byWord.get(word);
      objects?.delete(keyOf(object));
      if (objects?.size === 0) this.#byWord.delete(word);
    }
  }
}
