/** ConfigMap `dpu-channel-trust` on the API server. */
import { annotations, fieldManagers, trustNames } from '../../api/names/names.ts';
import { configMap, type KubeStore } from '../../kube/index.ts';
import { type PublishedTrust, publishedData, readPublished, samePublished } from './published-trust.ts';

export interface Found {
  trust: PublishedTrust;
  /** An administrator's order, that is to be taken off. */
  order: string | undefined;
  resourceVersion: string | undefined;
}

export class TrustConfigMap {
  readonly #store: KubeStore;
  readonly #namespace: string;

  constructor(store: KubeStore, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  /**
   * @returns undefined when there is none for certain; an Error that names the key when somebody has broken it.
   * @throws ApiError when the API server does not say.
   */
  async read(): Promise<Found | Error | undefined> {
    const { configMap: name } = trustNames;
    const found = await this.#store.get(configMap, name, this.#namespace);
    if (!found) {
      if (await this.#store.isAbsent(configMap, name, this.#namespace)) return undefined;
      return await this.read();
    }
    const { resourceVersion, annotations: notes } = found.metadata;
    try {
      return { trust: readPublished(found.data), order: notes?.[annotations.trustOrder], resourceVersion };
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  /** Writes nothing when it stands there. A write of somebody else since it was read fails with a conflict. */
  async write(trust: PublishedTrust, found: Found | undefined): Promise<void> {
    if (found && samePublished(found.trust, trust)) return;
    const metadata = {
      name: trustNames.configMap,
      namespace: this.#namespace,
      resourceVersion: found?.resourceVersion,
    };
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: publishedData(trust) };
    await this.#store.apply(configMap, object, { fieldManager: fieldManagers.trust });
  }

  /**
   * Publishes what an order asks and takes the order off, in one write: an order that is found again after it was
   * followed would be told as refused.
   *
   * @param trust what to publish; undefined to leave that as it is
   * @param refused why it was not followed, for who gave it
   */
  async answerOrder(trust: PublishedTrust | undefined, found: Found, refused: string | undefined): Promise<void> {
    const metadata = {
      resourceVersion: found.resourceVersion,
      annotations: {
        [annotations.trustOrder]: null,
        [annotations.trustOrderRefused]: refused ?? null,
      },
    };
    const patch = trust ? { metadata, data: publishedData(trust) } : { metadata };
    await this.#store.patch(configMap, trustNames.configMap, this.#namespace, patch);
  }
}
