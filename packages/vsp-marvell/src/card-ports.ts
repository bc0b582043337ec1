/** Where the card's ports are: interfaces to the host, the port that leads outside, and pairs for network functions. */
import { DpuError, type Platform, type PluginContext } from '@dpu-operator/sdk';
import { findVethPairs, indexIn, type SwitchPort, type SwitchPorts, type VfPosition } from '@dpu-operator/sdk/linux';
import { type CardFunctions, interfaceOf, uplinkPort } from './card.ts';
import { DPDK_UPLINK, dpdkPortName, GIVEN, KEPT } from './names.ts';
import type { Settings } from './settings.ts';

export class CardPorts implements SwitchPorts {
  readonly #platform: Platform;
  readonly #status: PluginContext<Settings>['status'];
  readonly #nodeName: string;
  readonly #settings: Settings;
  readonly #functions: CardFunctions;
  /** Names of network devices by PCI address, as they were read last. */
  readonly #names = new Map<string, string>();

  constructor({ platform, node, settings, status }: PluginContext<Settings>, functions: CardFunctions) {
    this.#platform = platform;
    this.#status = status;
    this.#nodeName = node.name;
    this.#settings = settings;
    this.#functions = functions;
  }

  /** Network devices have come, gone or been renamed. */
  forget(): void {
    this.#names.clear();
  }

  async hostPort({ pf, vf }: VfPosition): Promise<SwitchPort> {
    const { physicalFunctions, dpdk } = this.#settings;
    if (pf >= physicalFunctions) this.#reportOtherFunction(pf);
    const address = interfaceOf({ pf, vf }, physicalFunctions, this.#functions);
    if (dpdk) return { name: dpdkPortName(pf, vf), dpdkDevargs: address };
    const name = await this.#nameOf(address);
    if (name !== undefined) return { name };
    const text = `waits for the network device of ${address}; see the kernel's log for its driver`;
    throw new DpuError('UNAVAILABLE', text);
  }

  async uplink(): Promise<SwitchPort | undefined> {
    const address = uplinkPort(this.#functions, this.#settings.uplink);
    if (address === undefined) return undefined;
    if (this.#settings.dpdk) return { name: DPDK_UPLINK, dpdkDevargs: address };
    const name = await this.#nameOf(address);
    return name === undefined ? undefined : { name };
  }

  /** All but those of the physical functions, of which the first is the channel to the host. */
  async hostLinks(): Promise<string[]> {
    if (this.#settings.dpdk) return [];
    const addresses = this.#functions.interfaces.slice(this.#settings.physicalFunctions);
    const names = await Promise.all(addresses.map((address) => this.#nameOf(address)));
    return names.filter((name) => name !== undefined);
  }

  findFunctionPairs(macs: readonly string[]): Promise<Map<string, number>> {
    return findVethPairs(this.#platform, { nodeName: this.#nodeName, given: GIVEN, kept: KEPT }, macs);
  }

  functionPort = (index: number): string => `${KEPT}${index}`;
  functionPair = (name: string): number | undefined => indexIn(name, KEPT);

  /** The card itself does not see how many the host has: a port of another one tells. */
  #reportOtherFunction(pf: number): void {
    const { physicalFunctions } = this.#settings;
    const message = `the host has a physical function ${pf}, and settings.physicalFunctions is ${physicalFunctions}: its ports are refused. Set it to as many as the host's DPU says`;
    this.#status.set({ type: 'PhysicalFunctions', status: 'False', reason: 'TooFewSet', message });
  }

  async #nameOf(address: string): Promise<string | undefined> {
    const known = this.#names.get(address);
    if (known !== undefined) return known;
    const [netdev] = await this.#platform.sysfs.netdevs(address);
    if (netdev) this.#names.set(address, netdev.name);
    return netdev?.name;
  }
}
