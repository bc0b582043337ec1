// #region contract:networkConfig
/** The network-config contract: how the card forwards. */
import type { NetworkConfigContract } from '@dpu-operator/sdk';
import type { Card } from './card.ts';
import type { InOrder } from './in-order.ts';

export class NetworkConfig implements NetworkConfigContract {
  readonly #card: Card;
  readonly #inOrder: InOrder;

  constructor(card: Card, inOrder: InOrder) {
    this.#card = card;
    this.#inOrder = inOrder;
  }

  setNetworkConfig({ isAccelerated }: { isAccelerated: boolean }): Promise<void> {
    return this.#inOrder.run(() => this.#card.setAccelerated(isAccelerated));
  }
}
// #endregion
