// #region contract:networkFunctions,chains
import { DpuError, type NetworkFunction } from '@dpu-operator/sdk';
import type { Card } from './card.ts';

/** Which network functions have an interface of the card: one by itself, or one in a chain. */
export class Interfaces {
  readonly #card: Card;
  readonly #users = new Map<string, string>();

  constructor(card: Card) {
    this.#card = card;
  }

  /** @throws DpuError NOT_FOUND naming the interface that the card does not have */
  async requireBoth({ input, output }: NetworkFunction): Promise<void> {
    for (const mac of [input, output]) {
      if (!(await this.#card.hasInterface(mac))) throw new DpuError('NOT_FOUND', `there is no interface ${mac}`);
    }
  }

  /** Who has an interface of a function, other than the one that asks. */
  otherUser(nf: NetworkFunction, user: string): string | undefined {
    return [nf.input, nf.output]
      .map((mac) => this.#users.get(mac))
      .find((other) => other !== undefined && other !== user);
  }

  take(nf: NetworkFunction, user: string): void {
    for (const mac of [nf.input, nf.output]) this.#users.set(mac, user);
  }

  /** Frees all that a user has. */
  release(user: string): void {
    for (const [mac, other] of this.#users) if (other === user) this.#users.delete(mac);
  }
}
// #endregion
