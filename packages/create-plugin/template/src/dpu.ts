/** The plugin: lifecycle and devices, and the contracts that it serves. */
import {
  type Device,
  DpuError,
  type InitRequest,
  type IpPort,
  type Plugin,
  type PluginContext,
} from '@dpu-operator/sdk';
// #region contract:bridge
import { Bridge } from './bridge.ts';
// #endregion
import type { Card } from './card.ts';
// #region contract:chains
import { Chains } from './chains.ts';
// #endregion
import { InOrder } from './in-order.ts';
// #region contract:networkFunctions,chains
import { Interfaces } from './interfaces.ts';
// #endregion
// #region contract:networkConfig
import { NetworkConfig } from './network-config.ts';
// #endregion
// #region contract:networkFunctions
import { NetworkFunctions } from './network-functions.ts';
// #endregion
import type { Settings } from './settings.ts';

/** Where the daemon of the DPU's own node listens for that of its host. */
const daemonPort = 50151;

export class Dpu implements Plugin {
  readonly #context: PluginContext<Settings>;
  readonly #card: Card;
  readonly #watchers = new Set<() => void>();
  readonly #inOrder = new InOrder();
  // #region contract:bridge
  readonly bridge: Bridge;
  // #endregion
  // #region contract:networkFunctions
  readonly networkFunctions: NetworkFunctions;
  // #endregion
  // #region contract:chains
  readonly chains: Chains;
  // #endregion
  // #region contract:networkConfig
  readonly networkConfig: NetworkConfig;
  // #endregion

  constructor(context: PluginContext<Settings>, card: Card) {
    this.#context = context;
    this.#card = card;
    // #region contract:bridge
    this.bridge = new Bridge(card, this.#inOrder);
    // #endregion
    // #region contract:networkFunctions,chains
    const interfaces = new Interfaces(card);
    // #endregion
    // #region contract:networkFunctions
    this.networkFunctions = new NetworkFunctions(card, this.#inOrder, interfaces);
    // #endregion
    // #region contract:chains
    this.chains = new Chains(card, this.#inOrder, interfaces);
    // #endregion
    // #region contract:networkConfig
    this.networkConfig = new NetworkConfig(card, this.#inOrder);
    // #endregion
  }

  async init({ dpuMode }: InitRequest): Promise<IpPort> {
    const { logger, settings, node } = this.#context;
    const side = dpuMode ? 'dpu' : 'host';
    await this.#card.start(side, () => {
      for (const onChange of this.#watchers) onChange();
    });
    logger.info({ side }, 'the card is ready');
    return { ip: dpuMode ? node.ip : (settings.dpuIp ?? node.ip), port: daemonPort };
  }

  getDevices(): Promise<Device[]> {
    return this.#card.virtualFunctions();
  }

  async setNumVfs(count: number): Promise<number> {
    const { maximumVirtualFunctions } = this.#card;
    if (count > maximumVirtualFunctions) {
      throw new DpuError('OUT_OF_RANGE', `the card has 0 to ${maximumVirtualFunctions} VFs, not ${count}`);
    }
    // #region contract:bridge,networkFunctions,chains
    if (count === 0) await this.#takeAllAway();
    // #endregion
    await this.#inOrder.run(() => this.#card.setVirtualFunctions(count));
    return count;
  }

  watchDevices(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  healthy(): Promise<boolean> {
    return this.#card.healthy();
  }

  close(): Promise<void> {
    return this.#card.stop();
  }
  // #region contract:bridge,networkFunctions,chains

  /** No virtual functions: the operator leaves the node, and nothing that was made on it may stay. */
  async #takeAllAway(): Promise<void> {
    // #region contract:chains
    await this.chains.clear();
    // #endregion
    // #region contract:networkFunctions
    await this.networkFunctions.clear();
    // #endregion
    // #region contract:bridge
    await this.bridge.clear();
    // #endregion
  }
  // #endregion
}
