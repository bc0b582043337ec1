/**
 * A card without hardware: it remembers what it was told, and no packet passes. The plugin starts out with it, so that
 * it can be tried and tested before there is a driver; the tests keep it afterwards.
 */
import {
  // #region contract:bridge
  type BridgePort,
  // #endregion
  type Device,
  // #region contract:networkFunctions,chains
  DpuError,
  // #endregion
  // #region contract:bridge
  type LogicalBridge,
  // #endregion
  // #region contract:networkFunctions,chains
  type NetworkFunction,
  // #endregion
  // #region contract:bridge,networkFunctions,chains
  type Outcome,
  // #endregion
  // #region contract:chains
  type ServiceChain,
  // #endregion
  // #region contract:bridge,networkFunctions,chains
  type Wanted,
  // #endregion
} from '@dpu-operator/sdk';
import type {
  Card,
  // #region contract:bridge,networkFunctions,chains
  Report,
  // #endregion
} from './card.ts';

export class MemoryCard implements Card {
  readonly limits: Card['limits'] = {
    maxVfs: 64,
    // #region contract:bridge
    maxBridgePorts: 64,
    // #endregion
  };
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
  readonly #prefix: string;
  readonly #watchers = new Set<() => void>();
  #count: number;

  constructor(side: 'host' | 'dpu', count: number) {
    this.#prefix = side === 'dpu' ? 'rep' : 'vf';
    this.#count = count;
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}

  async devices(): Promise<Device[]> {
    const ids = Array.from({ length: this.#count }, (_, index) => `${this.#prefix}${index}`);
    return ids.map((id) => ({ id, healthy: !this.broken.has(id) }));
  }

  async setNumVfs(count: number): Promise<number> {
    if (count !== this.#count) {
      this.#count = count;
      this.changed();
    }
    return count;
  }

  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  async healthy(): Promise<boolean> {
    return true;
  }

  /** For tests: as if a link went down. */
  break(id: string): void {
    this.broken.add(id);
    this.changed();
  }
  // #region contract:bridge

  async setBridge(bridge: LogicalBridge): Promise<void> {
    this.bridges.set(bridge.name, bridge);
  }

  async removeBridge(name: string): Promise<void> {
    this.bridges.delete(name);
  }

  async setPort(port: BridgePort, _bridges?: readonly LogicalBridge[], _report?: Report): Promise<Outcome | undefined> {
    this.ports.set(port.name, port);
    return undefined;
  }

  async removePort(name: string): Promise<void> {
    this.ports.delete(name);
  }

  async portsDown(): Promise<string[]> {
    const working = (await this.devices()).filter(({ healthy }) => healthy).map(({ id }) => id);
    return [...this.ports.keys()].filter((name) => {
      const vf = /^bridgePorts\/host0-(\d+)/.exec(name)?.[1];
      return !working.includes(`${this.#prefix}${vf}`);
    });
  }
  // #endregion
  // #region contract:networkFunctions

  async setFunction(name: string, nf: NetworkFunction, _report?: Report): Promise<Outcome | undefined> {
    this.#requireInterfaces(nf);
    this.functions.set(name, nf);
    return undefined;
  }

  async removeFunction(name: string): Promise<void> {
    this.functions.delete(name);
  }
  // #endregion
  // #region contract:chains

  async setChain(chain: ServiceChain, _report?: Report): Promise<Outcome | undefined> {
    for (const nf of chain.networkFunctions) this.#requireInterfaces(nf);
    this.chains.set(chain.name, chain);
    return undefined;
  }

  async removeChain(name: string): Promise<void> {
    this.chains.delete(name);
  }
  // #endregion
  // #region contract:bridge,networkFunctions,chains

  async removeAllBut(wanted: Wanted): Promise<void> {
    // #region contract:chains
    keepOnly(this.chains, wanted.serviceChains);
    // #endregion
    // #region contract:networkFunctions
    keepOnly(this.functions, wanted.networkFunctions);
    // #endregion
    // #region contract:bridge
    keepOnly(this.ports, wanted.bridgePorts);
    keepOnly(this.bridges, wanted.logicalBridges);
    // #endregion
  }
  // #endregion
  // #region contract:networkConfig

  async setAccelerated(isAccelerated: boolean): Promise<void> {
    this.isAccelerated = isAccelerated;
  }
  // #endregion
  // #region contract:networkFunctions,chains

  #requireInterfaces({ input, output }: NetworkFunction): void {
    const macs = Array.from({ length: this.#count }, (_, index) => macOf(index));
    for (const mac of [input, output]) {
      if (!macs.includes(mac)) throw new DpuError('NOT_FOUND', `there is no interface ${mac}`);
    }
  }
  // #endregion

  /** To be called by whatever makes {@link MemoryCard.devices} answer differently. */
  protected changed(): void {
    for (const onChange of this.#watchers) onChange();
  }
}
// #region contract:bridge,networkFunctions,chains

function keepOnly(held: Map<string, unknown>, wanted: ReadonlyMap<string, unknown>): void {
  for (const name of [...held.keys()]) if (!wanted.has(name)) held.delete(name);
}
// #endregion
// #region contract:networkFunctions,chains

/** MAC address of the interface behind a virtual function, which a network function's pod is given. */
export function macOf(index: number): string {
  return `02:00:00:00:00:${index.toString(16).padStart(2, '0')}`;
}
// #endregion
