/** The AIP methods of one resource over a plugin's contract, which knows neither paging nor allow_missing. */
import { DpuError } from '../errors.ts';
import { type Collection, resourceName } from '../wire/names.ts';
import { type Page, page } from './paging.ts';

export interface ResourceContract<Resource> {
  list(): Promise<Resource[]>;
  create(resource: Resource): Promise<Resource>;
  update(resource: Resource): Promise<Resource>;
  delete(name: string): Promise<void>;
}

export class Resources<Resource extends { name: string }> {
  readonly #collection: Collection;
  readonly #contract: ResourceContract<Resource>;

  constructor(collection: Collection, contract: ResourceContract<Resource>) {
    this.#collection = collection;
    this.#contract = contract;
  }

  create(resource: Resource): Promise<Resource> {
    return this.#contract.create(resource);
  }

  async list(pageSize: number, pageToken: string): Promise<Page<Resource>> {
    return page(await this.#contract.list(), pageSize, pageToken);
  }

  /** @throws DpuError NOT_FOUND. */
  async get(name: string): Promise<Resource> {
    const full = resourceName(this.#collection, name, 'name');
    const found = await this.#find(full);
    if (!found) throw new DpuError('NOT_FOUND', `${full} does not exist`);
    return found;
  }

  /** @throws DpuError NOT_FOUND unless allowMissing. */
  async delete(name: string, allowMissing: boolean): Promise<void> {
    try {
      await this.#contract.delete(resourceName(this.#collection, name, 'name'));
    } catch (error) {
      if (!allowMissing || DpuError.from(error).code !== 'NOT_FOUND') throw error;
    }
  }

  /**
   * @param merge The whole resource as it shall be, from the one there is; none is there when it is to be created.
   * @throws DpuError NOT_FOUND unless allowMissing.
   */
  async update(
    name: string,
    allowMissing: boolean,
    merge: (current: Resource | undefined) => Resource,
  ): Promise<Resource> {
    const full = resourceName(this.#collection, name, 'name');
    const current = await this.#find(full);
    if (current) return this.#contract.update(merge(current));
    if (!allowMissing) throw new DpuError('NOT_FOUND', `${full} does not exist; allow_missing would create it`);
    return this.#contract.create(merge(undefined));
  }

  async #find(fullName: string): Promise<Resource | undefined> {
    const all = await this.#contract.list();
    return all.find(({ name }) => name === fullName);
  }
}
