import { type KubeObject, keyOf } from '../objects/resource.ts';

/** The objects of a cache by keys that stand in them, so that nobody walks through all of a fleet for a few. */
export class CacheIndex<T extends KubeObject> {
  readonly #keysOf: (object: T) => readonly string[];
  readonly #byKey = new Map<string, Map<string, T>>();
  /** Made anew only after a key has come or gone. */
  #keys: readonly string[] | undefined;

  constructor(keysOf: (object: T) => readonly string[]) {
    this.#keysOf = keysOf;
  }

  get(key: string): T[] {
    return [...(this.#byKey.get(key)?.values() ?? [])];
  }

  /** How many {@link get} answers. */
  count(key: string): number {
    return this.#byKey.get(key)?.size ?? 0;
  }

  /** All keys for which {@link get} answers something, sorted. */
  get keys(): readonly string[] {
    this.#keys ??= [...this.#byKey.keys()].sort();
    return this.#keys;
  }

  /** The informer's: takes a change of its cache in. Both have one key. */
  put(previous: T | undefined, next: T | undefined): void {
    const keys = next ? this.#keysOf(next) : [];
    const before = previous ? this.#keysOf(previous) : [];
    for (const key of before) {
      if (previous && !keys.includes(key)) this.#remove(key, previous);
    }
    for (const key of keys) {
      if (next) this.#set(key, next);
    }
  }

  #set(key: string, object: T): void {
    const objects = this.#byKey.get(key);
    if (objects) {
      objects.set(keyOf(object), object);
      return;
    }
    this.#byKey.set(key, new Map([[keyOf(object), object]]));
    this.#keys = undefined;
  }

  #remove(key: string, object: T): void {
    const objects = this.#byKey.get(key);
    objects?.delete(keyOf(object));
    if (objects?.size !== 0) return;
    this.#byKey.delete(key);
    this.#keys = undefined;
  }
}
