// #region contract:bridge,chains
import { isDeepStrictEqual } from 'node:util';
import { DpuError } from '@dpu-operator/sdk';

/** Resources by their name, with the rules that all of them share. What is stored is what the card has taken. */
export class Resources<Resource extends { name: string }> {
  readonly #all = new Map<string, Resource>();

  list(): Resource[] {
    return [...this.#all.values()];
  }

  has(name: string): boolean {
    return this.#all.has(name);
  }

  /** @throws DpuError NOT_FOUND */
  get(name: string): Resource {
    const found = this.#all.get(name);
    if (!found) throw new DpuError('NOT_FOUND', `${name} does not exist`);
    return found;
  }

  /** @throws DpuError ALREADY_EXISTS when it is there with other content */
  async create(resource: Resource, apply: (resource: Resource) => Promise<void>): Promise<Resource> {
    const there = this.#all.get(resource.name);
    if (!there) {
      await apply(resource);
      this.#all.set(resource.name, resource);
    } else if (!isDeepStrictEqual(there, resource)) {
      throw new DpuError('ALREADY_EXISTS', `${resource.name} exists with other content; update or delete it`);
    }
    return resource;
  }

  /** @throws DpuError NOT_FOUND */
  async update(resource: Resource, apply: (resource: Resource) => Promise<void>): Promise<Resource> {
    this.get(resource.name);
    await apply(resource);
    this.#all.set(resource.name, resource);
    return resource;
  }

  /** @throws DpuError NOT_FOUND */
  async delete(name: string, remove: (name: string) => Promise<void>): Promise<void> {
    this.get(name);
    await remove(name);
    this.#all.delete(name);
  }
}
// #endregion
