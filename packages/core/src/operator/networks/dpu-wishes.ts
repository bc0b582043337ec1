/** Tells each DPU in its spec which of its devices are whose. */
import { isDeepStrictEqual } from 'node:util';
import { dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { fieldManagers } from '../../api/names/names.ts';
import { type Applied, isRefused, type KubeStore } from '../../kube/index.ts';
import type { Caches } from '../shared/caches.ts';
import type { NetworksPlan } from './plan.ts';

/** Milliseconds until a DPU whose spec was refused is tried again: no event tells that a policy allows it. */
const tellAgainMs = 10_000;
/** A new network may concern every DPU of a fleet. */
const writesAtOnce = 16;

type Names = { has: (name: string) => boolean };

interface Refusal {
  message: string;
  /** Of performance.now(). */
  at: number;
}

export class DpuWishes {
  readonly #store: KubeStore;
  readonly #caches: Pick<Caches, 'dpus' | 'nodeLabelsOf'>;
  /** By DPU. */
  readonly #refusals = new Map<string, Refusal>();

  constructor(store: KubeStore, caches: Pick<Caches, 'dpus' | 'nodeLabelsOf'>) {
    this.#store = store;
    this.#caches = caches;
  }

  /** By DPU: the server's words, where a policy or the like lets nobody write its spec. */
  get refusals(): ReadonlyMap<string, { message: string }> {
    return this.#refusals;
  }

  /**
   * One that is refused keeps no other from its own, and is tried again.
   *
   * @param untold names of DPUs that are to be told
   * @param unheld names of networks without their finalizer: who has nothing of them yet is not told of them
   * @returns names of the networks of which there is something else to say
   */
  async apply(untold: readonly string[], plan: NetworksPlan, unheld: Names): Promise<string[]> {
    const before = new Map(this.#refusals);
    for (const name of before.keys()) if (!plan.untold.has(name)) this.#refusals.delete(name);
    const due = untold.filter((name) => {
      const refusal = this.#refusals.get(name);
      return !refusal || performance.now() - refusal.at >= tellAgainMs;
    });
    for (let done = 0; done < due.length; done += writesAtOnce) {
      await Promise.all(due.slice(done, done + writesAtOnce).map((name) => this.#tell(name, plan, unheld)));
    }
    const changed = [...new Set([...before.keys(), ...this.#refusals.keys()])].filter(
      (name) => before.get(name)?.message !== this.#refusals.get(name)?.message,
    );
    return changed.flatMap((name) => plan.concernedBy(name));
  }

  async #tell(dpuName: string, plan: NetworksPlan, unheld: Names): Promise<void> {
    try {
      await this.#write(dpuName, plan, unheld);
      this.#refusals.delete(dpuName);
    } catch (error) {
      if (!isRefused(error)) throw error;
      this.#refusals.set(dpuName, { message: error.detail, at: performance.now() });
    }
  }

  async #write(dpuName: string, plan: NetworksPlan, unheld: Names): Promise<void> {
    const dpu = this.#caches.dpus.get(dpuName);
    if (!dpu) return;
    const { networks: before = [] } = dpu.spec;
    const isKnown = (name: string) => before.some((network) => network.name === name);
    const wishes = plan.wishesFor(dpu, this.#caches.nodeLabelsOf(dpu));
    const networks = wishes.filter(({ name }) => !unheld.has(name) || isKnown(name));
    if (isDeepStrictEqual(before, networks)) return;
    const { apiVersion, kind, metadata } = dpu;
    const body: Applied = {
      apiVersion,
      kind,
      // Without the uid the apply would bring back a DPU that was deleted meanwhile.
      metadata: { name: metadata.name, uid: metadata.uid },
      spec: networks.length > 0 ? { networks } : {},
    };
    await this.#store.apply(dataProcessingUnit, body, { fieldManager: fieldManagers.networks });
  }
}
