/** Makes and removes the pods of chains. */
import type { Logger } from 'pino';
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { ApiError, type Applied, isAlreadyThere, type KubeStore, keyOf, type Pod, pod } from '../../kube/index.ts';
import type { ChainCondition } from './condition.ts';
import { podConflict, podRefused } from './refusals.ts';

export class ChainPods {
  readonly #store: KubeStore;
  readonly #logger: Logger;

  constructor(store: KubeStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** @returns the pod; `own` where the chain has it already; or why it cannot be made */
  async create(chain: ServiceFunctionChain, wanted: Applied): Promise<Pod | 'own' | ChainCondition> {
    const { name, namespace } = wanted.metadata;
    let conflict: ApiError;
    try {
      const made = await this.#store.create(pod, wanted);
      this.#logger.info({ chain: keyOf(chain), pod: name }, 'network function created');
      return made;
    } catch (error) {
      if (!(error instanceof ApiError) || error.code < 400 || error.code === 429 || error.code >= 500) throw error;
      // A conflict of another kind, as with a ResourceQuota that is being counted, passes.
      if (error.code === 409 && !isAlreadyThere(error)) throw error;
      if (error.code !== 409) return podRefused(chain, name, error.message);
      conflict = error;
    }
    const taken = await this.#store.get(pod, name, namespace);
    // The name has become free meanwhile.
    if (!taken) throw conflict;
    return isOwn(chain, taken) ? 'own' : podConflict(chain, name);
  }

  async delete(chain: ServiceFunctionChain, pods: readonly Pod[]): Promise<void> {
    for (const { metadata } of pods) {
      await this.#store.delete(pod, metadata.name, metadata.namespace, { uid: metadata.uid });
      this.#logger.info({ chain: keyOf(chain), pod: metadata.name }, 'network function removed');
    }
  }
}

const isOwn = ({ metadata }: ServiceFunctionChain, { metadata: { ownerReferences = [] } }: Pod): boolean =>
  ownerReferences.some(({ uid }) => uid === metadata.uid);
