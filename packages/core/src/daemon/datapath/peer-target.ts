/** The daemon on the DPU, which holds the bridge ports of this host. */
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import { withoutNetwork } from './chains/network-fallback.ts';
import type { Action } from './plan.ts';
import { type BridgePortCalls, performOnBridgePort, type Target } from './target.ts';

export class PeerTarget implements Target {
  readonly #client: BridgePortCalls;
  readonly #knowsOwners: boolean;

  /** @param knowsOwners whether it lists this host's ports only; of others' there is nothing to learn */
  constructor(client: BridgePortCalls, knowsOwners: boolean) {
    this.#client = client;
    this.#knowsOwners = knowsOwners;
  }

  async listBridgePorts(): Promise<BridgePort[] | undefined> {
    if (!this.#knowsOwners) return undefined;
    try {
      return await this.#client.listBridgePorts();
    } catch (error) {
      if (DpuError.from(error).code === 'UNIMPLEMENTED') return undefined;
      throw error;
    }
  }

  /** A daemon of the Go operator does not make the bridges of networks. */
  async perform(action: Action): Promise<void> {
    const { call, item } = action;
    if (this.#knowsOwners || call === 'delete' || item.kind !== 'bridgePort') {
      return performOnBridgePort(this.#client, action);
    }
    const port = withoutNetwork(item.port, "the DPU side's daemon");
    return performOnBridgePort(this.#client, { call, item: { kind: 'bridgePort', port } });
  }
}
