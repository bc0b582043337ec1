import type { ChangeListener } from '../../kube/index.ts';

/** As much of an informer as those who listen to it need, filled by a test. */
export class TestCache<T extends { metadata: { name: string } }> {
  readonly #objects = new Map<string, T>();
  readonly #listeners: ChangeListener<T>[] = [];

  get(name: string): T | undefined {
    return this.#objects.get(name);
  }

  getByKey(key: string): T | undefined {
    return this.get(key);
  }

  list(): T[] {
    return [...this.#objects.values()];
  }

  onChange(listener: ChangeListener<T>): void {
    this.#listeners.push(listener);
  }

  put(object: T): void {
    const previous = this.get(object.metadata.name);
    this.#objects.set(object.metadata.name, object);
    for (const listener of this.#listeners) listener(object, previous, previous ? 'updated' : 'added');
  }

  delete(name: string): void {
    const object = this.get(name);
    if (!object) return;
    this.#objects.delete(name);
    for (const listener of this.#listeners) listener(object, object, 'deleted');
  }
}
