/** Keeps the NetworkAttachmentDefinitions of DpuNetworks: one a network, and one that the accelerated ones share. */
import type { DpuNetwork } from '../../api/kinds/dpu-network.ts';
import { acceleratedNetwork, fieldManagers, networkNad } from '../../api/names/names.ts';
import { type Applied, isAsApplied, isRefused, type KubeStore, networkAttachmentDefinition } from '../../kube/index.ts';
import type { Caches } from '../shared/caches.ts';
import { isOfNetworks, renderAcceleratedNad, renderNetworkNad } from './dpu-network-nad.ts';
import { type NadFault, nadTaken } from './dpu-network-status.ts';
import { defaultNetworkNamespace } from './networks.ts';
import type { NetworksPlan } from './plan.ts';

export class NetworkNads {
  readonly #store: KubeStore;
  readonly #caches: Pick<Caches, 'multusInstalled' | 'networkNads'>;
  #isDue = true;
  #faults: ReadonlyMap<string, NadFault> = new Map();

  constructor(store: KubeStore, caches: Pick<Caches, 'multusInstalled' | 'networkNads'>) {
    this.#store = store;
    this.#caches = caches;
  }

  /** By network: why its NAD is not there. */
  get faults(): ReadonlyMap<string, NadFault> {
    return this.#faults;
  }

  /** The next {@link NetworkNads.apply} looks at them. */
  changed(): void {
    this.#isDue = true;
  }

  /**
   * One that is refused keeps no other network from its own, and is tried again.
   *
   * @param isOn whether networks are served: else all NADs stay as they are
   * @returns names of networks whose fault may be another
   */
  async apply({ networks }: NetworksPlan, isOn: boolean): Promise<string[]> {
    if (!this.#isDue) return [];
    const before = [...this.#faults.keys()];
    this.#isDue = false;
    try {
      this.#faults = isOn && this.#caches.multusInstalled ? await this.#applyAll(networks) : new Map();
    } catch (error) {
      this.#isDue = true;
      throw error;
    }
    this.#isDue ||= this.#faults.size > 0;
    return [...before, ...this.#faults.keys()];
  }

  async #applyAll(networks: NetworksPlan['networks']): Promise<Map<string, NadFault>> {
    const faults = new Map<string, NadFault>();
    const served = [...networks.values()].filter(({ fault }) => !fault).map(({ network }) => network);
    const apply = async (of: readonly DpuNetwork[], wanted: Applied) => {
      const fault = await this.#applyOne(wanted);
      if (fault) for (const { metadata } of of) faults.set(metadata.name, fault);
    };
    for (const network of served) await apply([network], renderNetworkNad(network));
    const accelerated = served.filter(({ spec }) => spec.isAccelerated);
    if (accelerated.length > 0) await apply(accelerated, renderAcceleratedNad(accelerated));
    else {
      const fault = await this.#deleteAccelerated();
      if (fault) faults.set(acceleratedNetwork, fault);
    }
    return faults;
  }

  async #applyOne(wanted: Applied): Promise<NadFault | undefined> {
    const { name, namespace } = wanted.metadata;
    const cached = this.#caches.networkNads.get(name, namespace);
    if (cached && isAsApplied(cached, wanted)) return undefined;
    try {
      // One without the label is in no cache.
      const other = cached ? undefined : await this.#store.get(networkAttachmentDefinition, name, namespace);
      if (other && !isOfNetworks(other)) return nadTaken(`${namespace}/${name}`);
      await this.#store.apply(networkAttachmentDefinition, wanted, { fieldManager: fieldManagers.networks });
      return undefined;
    } catch (error) {
      if (!isRefused(error)) throw error;
      return { reason: 'NadRefused', message: `${namespace}/${name} cannot be written: ${error.message}` };
    }
  }

  async #deleteAccelerated(): Promise<NadFault | undefined> {
    const unneeded = this.#caches.networkNads.get(networkNad(acceleratedNetwork), defaultNetworkNamespace);
    if (!unneeded) return undefined;
    const { name, namespace, uid } = unneeded.metadata;
    try {
      await this.#store.delete(networkAttachmentDefinition, name, namespace, { uid });
      return undefined;
    } catch (error) {
      if (!isRefused(error)) throw error;
      return { reason: 'NadRefused', message: `${namespace}/${name} cannot be deleted: ${error.message}` };
    }
  }
}
