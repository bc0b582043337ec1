// #region contract:chains
/** The chain contract: network functions that frames pass one after the other. */
import { type ChainContract, DpuError, type ServiceChain } from '@dpu-operator/sdk';
import type { Card } from './card.ts';
import type { InOrder } from './in-order.ts';
import type { Interfaces } from './interfaces.ts';
import { Resources } from './resources.ts';

export class Chains implements ChainContract {
  readonly #card: Card;
  readonly #inOrder: InOrder;
  readonly #interfaces: Interfaces;
  readonly #chains = new Resources<ServiceChain>();

  constructor(card: Card, inOrder: InOrder, interfaces: Interfaces) {
    this.#card = card;
    this.#inOrder = inOrder;
    this.#interfaces = interfaces;
  }

  createChain(chain: ServiceChain): Promise<ServiceChain> {
    return this.#inOrder.run(() => this.#chains.create(chain, (it) => this.#set(it)));
  }

  updateChain(chain: ServiceChain): Promise<ServiceChain> {
    return this.#inOrder.run(() => this.#chains.update(chain, (it) => this.#set(it)));
  }

  deleteChain(name: string): Promise<void> {
    return this.#inOrder.run(() =>
      this.#chains.delete(name, async (it) => {
        await this.#card.removeChain(it);
        this.#interfaces.release(it);
      }),
    );
  }

  async listChains(): Promise<ServiceChain[]> {
    return this.#chains.list();
  }

  /** The operator takes everything away. */
  async clear(): Promise<void> {
    for (const { name } of this.#chains.list()) await this.deleteChain(name);
  }

  /** Looks at all functions before it touches the card, so that one that is refused changes nothing. */
  async #set(chain: ServiceChain): Promise<void> {
    for (const nf of chain.networkFunctions) {
      const user = this.#interfaces.otherUser(nf, chain.name);
      if (user) throw new DpuError('FAILED_PRECONDITION', `${user} has ${nf.input} or ${nf.output}; delete it first`);
      await this.#interfaces.requireBoth(nf);
    }
    await this.#card.setChain(chain);
    this.#interfaces.release(chain.name);
    for (const nf of chain.networkFunctions) this.#interfaces.take(nf, chain.name);
  }
}
// #endregion
