/** Where the ports of the DPU's bridge are: virtual functions of the backplane port, an SFP port, and pairs for functions. */
import { DpuError, type Platform } from '@dpu-operator/sdk';
import { findVethPairs, indexIn, type SwitchPort, type SwitchPorts, type VfPosition } from '@dpu-operator/sdk/linux';

/** As the Go operator's plugin calls them. */
export const given = 'nf_if';
export const kept = 'dp_if';

export interface CardPortsOptions {
  platform: Platform;
  nodeName: string;
  /** PCI address of the backplane port whose virtual functions are paired with the host's. */
  backplane: string;
  /** PCI address of the port that leads outside; undefined where the card has none. */
  sfp: string | undefined;
}

export class CardSwitchPorts implements SwitchPorts {
  readonly #options: CardPortsOptions;

  constructor(options: CardPortsOptions) {
    this.#options = options;
  }

  /** VF i of the host's first port ends at VF i of the backplane port. */
  async hostPort({ pf, vf }: VfPosition): Promise<SwitchPort> {
    const { platform, backplane } = this.#options;
    if (pf !== 0) {
      throw new DpuError(
        'INVALID_ARGUMENT',
        `the host's ports of a card are one, PF 0; there is no bridge port of PF ${pf}`,
      );
    }
    const addresses = await platform.sysfs.virtualFunctions(backplane);
    const address = addresses[vf];
    if (address === undefined) {
      const maximum = await platform.sysfs.maximumVirtualFunctions(backplane);
      if (vf >= maximum) {
        const text = `bridge_port.name: host${pf}-${vf}: the DPU's port ${backplane} can have ${maximum} virtual functions`;
        throw new DpuError('OUT_OF_RANGE', text);
      }
      const there = `the DPU's port ${backplane} has ${addresses.length} virtual functions`;
      const help = `set \`vfs\` in the settings of the DPU's DataProcessingUnitConfig to as many as the host has`;
      throw new DpuError('UNAVAILABLE', `${there}, and VF ${vf} of the host none to end at: ${help}`);
    }
    const netdev = await platform.sriov.netdev(address);
    if (netdev) return { name: netdev.name };
    throw new DpuError('UNAVAILABLE', `waits for the network device of ${address}, where VF ${vf} of the host ends`);
  }

  async uplink(): Promise<SwitchPort | undefined> {
    const { platform, sfp } = this.#options;
    const netdev = sfp === undefined ? undefined : await platform.sriov.netdev(sfp);
    return netdev && { name: netdev.name };
  }

  async hostLinks(): Promise<string[]> {
    const { sysfs, sriov } = this.#options.platform;
    const addresses = await sysfs.virtualFunctions(this.#options.backplane);
    const netdevs = await Promise.all(addresses.map((address) => sriov.netdev(address)));
    return netdevs.flatMap((netdev) => (netdev ? [netdev.name] : []));
  }

  findFunctionPairs(macs: readonly string[]): Promise<Map<string, number>> {
    const { platform, nodeName } = this.#options;
    return findVethPairs(platform, { nodeName, given, kept }, macs);
  }

  functionPort(index: number): string {
    return `${kept}${index}`;
  }

  functionPair(name: string): number | undefined {
    return indexIn(name, kept);
  }
}
