import { type KubeObject, keyOf } from './resource.ts';

/** The objects of a cache by words that stand in them, so that nobody walks through all of a fleet for a few. */
export class CacheIndex<T extends KubeObject> {
  readonly #wordsOf: (object: T) => readonly string[];
  readonly #byWord = new Map<string, Map<string, T>>();
  /** Made anew only after a word has come or gone. */
  #words: readonly string[] | undefined;

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

  /** All words for which {@link get} answers something, sorted. */
  get words(): readonly string[] {
    this.#words ??= [...this.#byWord.keys()].sort();
    return this.#words;
  }

  /** The informer's: takes a change of its cache in. Both have one key. */
  put(previous: T | undefined, next: T | undefined): void {
    const words = next ? this.#wordsOf(next) : [];
    const before = previous ? this.#wordsOf(previous) : [];
    for (const word of before) {
      if (previous && !words.includes(word)) this.#remove(word, previous);
    }
    for (const word of words) {
      if (next) this.#set(word, next);
    }
  }

  #set(word: string, object: T): void {
    const objects = this.#byWord.get(word);
    if (objects) {
      objects.set(keyOf(object), object);
      return;
    }
    this.#byWord.set(word, new Map([[keyOf(object), object]]));
    this.#words = undefined;
  }

  #remove(word: string, object: T): void {
    const objects = this.#byWord.get(word);
    objects?.delete(keyOf(object));
    if (objects?.size !== 0) return;
    this.#byWord.delete(word);
    this.#words = undefined;
  }
}
