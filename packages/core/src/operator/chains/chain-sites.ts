/** Where the chains are, by what this operator's caches say and by what it has placed itself. */
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { isBeingDeleted, keyOf, type Pod } from '../../kube/index.ts';
import type { Caches } from '../shared/caches.ts';
import { Groups } from '../shared/groups.ts';
import type { Site } from './nodes.ts';

export class ChainSites {
  readonly #caches: Pick<Caches, 'chains' | 'chainPodsByChain'>;
  /** By uid of a chain: where this process has placed it, which the cache may not show yet. */
  readonly #placed = new Map<string, Site>();
  readonly #nodeOf = new Map<string, string>();
  /** By node: keys of its chains, those that are being deleted not among them. */
  readonly #onNode = new Groups();

  constructor(caches: Pick<Caches, 'chains' | 'chainPodsByChain'>) {
    this.#caches = caches;
  }

  /** The chain's own pods, on any node. */
  podsOf(chain: ServiceFunctionChain): Pod[] {
    return this.#caches.chainPodsByChain.get(uidOf(chain));
  }

  /** A chain whose status was never written tells by its pods. */
  of(chain: ServiceFunctionChain): Site | undefined {
    const placed = this.#placed.get(uidOf(chain));
    if (placed) return placed;
    const node =
      chain.status?.node ?? this.podsOf(chain).find(({ spec }) => spec.nodeName !== undefined)?.spec.nodeName;
    return node === undefined ? undefined : { node, nodeUid: chain.status?.nodeUid };
  }

  /** @param site undefined where no node may run it */
  place(chain: ServiceFunctionChain, site: Site | undefined): void {
    if (site) this.#placed.set(uidOf(chain), site);
    else this.#placed.delete(uidOf(chain));
    this.look(keyOf(chain));
  }

  /** To be called when a chain or a pod of it has changed. */
  look(key: string): void {
    const chain = this.#caches.chains.getByKey(key);
    const node = chain && !isBeingDeleted(chain) ? this.of(chain)?.node : undefined;
    const before = this.#nodeOf.get(key);
    if (node === before) return;
    if (before !== undefined) this.#onNode.delete(before, key);
    if (node === undefined) {
      this.#nodeOf.delete(key);
      return;
    }
    this.#nodeOf.set(key, node);
    this.#onNode.add(node, key);
  }

  forget(chain: ServiceFunctionChain): void {
    this.#placed.delete(uidOf(chain));
    this.look(keyOf(chain));
  }

  /** Keys of the chains of a node. */
  on(nodeName: string): readonly string[] {
    return [...this.#onNode.of(nodeName)];
  }

  /** How many chains a node has beside this one. */
  othersOn(nodeName: string, chain: ServiceFunctionChain): number {
    const keys = this.#onNode.of(nodeName);
    return keys.size - (keys.has(keyOf(chain)) ? 1 : 0);
  }
}

export const uidOf = ({ metadata }: ServiceFunctionChain): string => metadata.uid ?? keyOf({ metadata });
