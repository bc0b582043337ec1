/**
 * A card without hardware: it remembers what it was told, and no packet passes. The plugin starts out with it, so that
 * it can be tried and tested before there is a driver; the tests keep it afterwards.
 */
import type {
  // #region contract:bridge
  BridgePort,
  // #endregion
  Device,
  // #region contract:bridge
  LogicalBridge,
  // #endregion
  // #region contract:networkFunctions
  NetworkFunction,
  // #endregion
  // #region contract:chains
  ServiceChain,
  // #endregion
} from '@dpu-operator/sdk';
import type { Card } from './card.ts';

export class MemoryCard implements Card {
  readonly maximumVirtualFunctions = 64;
  /** Virtual functions that a test has broken, by their id. */
  readonly broken = new Set<string>();
  // #region contract:bridge
  readonly bridges = new Map<string, LogicalBridge>();
  readonly ports = new Map<string, BridgePort>();
  // #endregion
  // #region contract:networkFunctions
  readonly functions = new Map<string, NetworkFunction>();
  // #endregion
  // #region contract:chains
  readonly chains = new Map<string, ServiceChain>();
  // #endregion
  // #region contract:networkConfig
  isAccelerated = false;
  // #endregion
  #count: number;
  #prefix = '';
  #onChange: () => void = () => {};

  constructor(count: number) {
    this.#count = count;
  }

  async start(side: 'host' | 'dpu', onChange: () => void): Promise<void> {
    this.#prefix = side === 'dpu' ? 'rep' : 'vf';
    this.#onChange = onChange;
  }

  async stop(): Promise<void> {
    this.#onChange = () => {};
  }

  async virtualFunctions(): Promise<Device[]> {
    const ids = Array.from({ length: this.#count }, (_, index) => `${this.#prefix}${index}`);
    return ids.map((id) => ({ id, healthy: !this.broken.has(id) }));
  }

  async setVirtualFunctions(count: number): Promise<void> {
    if (count === this.#count) return;
    this.#count = count;
    this.#onChange();
  }

  async healthy(): Promise<boolean> {
    return true;
  }

  /** For tests: as if a link went down. */
  break(id: string): void {
    this.broken.add(id);
    this.#onChange();
  }
  // #region contract:bridge

  async setBridge(bridge: LogicalBridge): Promise<void> {
    this.bridges.set(bridge.name, bridge);
  }

  async removeBridge(name: string): Promise<void> {
    this.bridges.delete(name);
  }

  async setPort(port: BridgePort): Promise<void> {
    this.ports.set(port.name, port);
  }

  async removePort(name: string): Promise<void> {
    this.ports.delete(name);
  }
  // #endregion
  // #region contract:networkFunctions,chains

  async hasInterface(mac: string): Promise<boolean> {
    return Array.from({ length: this.#count }, (_, index) => macOf(index)).includes(mac);
  }
  // #endregion
  // #region contract:networkFunctions

  async insertFunction(nf: NetworkFunction): Promise<void> {
    this.functions.set(`${nf.input} ${nf.output}`, nf);
  }

  async removeFunction(nf: NetworkFunction): Promise<void> {
    this.functions.delete(`${nf.input} ${nf.output}`);
  }
  // #endregion
  // #region contract:chains

  async setChain(chain: ServiceChain): Promise<void> {
    this.chains.set(chain.name, chain);
  }

  async removeChain(name: string): Promise<void> {
    this.chains.delete(name);
  }
  // #endregion
  // #region contract:networkConfig

  async setAccelerated(isAccelerated: boolean): Promise<void> {
    this.isAccelerated = isAccelerated;
  }
  // #endregion
}
// #region contract:networkFunctions,chains

/** MAC address of the interface behind a virtual function, which a network function's pod is given. */
export function macOf(index: number): string {
  return `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
}
// #endregion
