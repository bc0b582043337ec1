// #region contract:networkFunctions
/** The network-function contract: single functions between the hosts and the outside. */
import { DpuError, type NetworkFunction, type NetworkFunctionContract } from '@dpu-operator/sdk';
import type { Card } from './card.ts';
import type { InOrder } from './in-order.ts';
import type { Interfaces } from './interfaces.ts';

export class NetworkFunctions implements NetworkFunctionContract {
  readonly #card: Card;
  readonly #inOrder: InOrder;
  readonly #interfaces: Interfaces;
  readonly #functions = new Map<string, NetworkFunction>();

  constructor(card: Card, inOrder: InOrder, interfaces: Interfaces) {
    this.#card = card;
    this.#inOrder = inOrder;
    this.#interfaces = interfaces;
  }

  createNetworkFunction(nf: NetworkFunction): Promise<void> {
    return this.#inOrder.run(async () => {
      if (nf.input === nf.output) {
        throw new DpuError('INVALID_ARGUMENT', `input and output are one interface (${nf.input}); a function has two`);
      }
      await this.#interfaces.requireBoth(nf);
      const user = userOf(nf);
      for (let other = this.#interfaces.otherUser(nf, user); other; other = this.#interfaces.otherUser(nf, user)) {
        await this.#takeOver(other);
      }
      await this.#card.insertFunction(nf);
      this.#interfaces.take(nf, user);
      this.#functions.set(user, nf);
    });
  }

  deleteNetworkFunction(nf: NetworkFunction): Promise<void> {
    return this.#inOrder.run(async () => {
      const user = userOf(nf);
      const other = this.#interfaces.otherUser(nf, user);
      if (other && !this.#functions.has(other))
        throw new DpuError('FAILED_PRECONDITION', `${other} holds the function`);
      if (this.#functions.has(user)) await this.#remove(user);
    });
  }

  /** The operator takes everything away. */
  async clear(): Promise<void> {
    for (const nf of [...this.#functions.values()]) await this.deleteNetworkFunction(nf);
  }

  /** An interface given to a new pod no longer belongs to the one before, whether or not its removal was told. */
  async #takeOver(user: string): Promise<void> {
    if (!this.#functions.has(user)) throw new DpuError('FAILED_PRECONDITION', `${user} has one of the interfaces`);
    await this.#remove(user);
  }

  async #remove(user: string): Promise<void> {
    const nf = this.#functions.get(user);
    if (!nf) return;
    await this.#card.removeFunction(nf);
    this.#interfaces.release(user);
    this.#functions.delete(user);
  }
}

function userOf({ input, output }: NetworkFunction): string {
  return `network function ${input} ${output}`;
}
// #endregion
