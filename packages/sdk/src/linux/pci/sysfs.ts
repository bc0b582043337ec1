/** PCI functions, their netdevs and virtual functions, and what the firmware calls the machine, from sysfs. */
import { lstat, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DpuError } from '../../errors.ts';

/** A network device of a PCI function. */
export interface Netdev {
  name: string;
  mac: string;
}

/** A PCI function, as sysfs describes it. */
export interface PciFunction {
  /** `0000:01:00.0` */
  address: string;
  /** Four hex digits. */
  vendor: string;
  device: string;
  /** Four hex digits; empty where the function has none, as bridges. */
  subsystemVendor: string;
  subsystemDevice: string;
  /** Six hex digits: class, subclass, programming interface. */
  class: string;
  isVf: boolean;
  /** Addresses of the PCI bridges above it, the root's first; empty on the root bus. */
  bridges: string[];
  /** Its own; not the representors of its virtual functions and subfunctions, which the kernel lists beside them. */
  netdevs: Netdev[];
  /** PCI configuration space; 64 bytes unless read by root. */
  config: Uint8Array;
  /** Vital Product Data, where it was asked for and can be read. */
  vpd?: Uint8Array;
}

/** The machine, as far as detection looks at it. */
export interface SysfsSnapshot {
  pci: PciFunction[];
  /** Empty where the machine has no DMI table. */
  dmiProduct: string;
  /** `compatible` of the device tree's root, the most special first; empty where the machine has none. */
  compatible: string[];
}

/** What a snapshot reads that takes long. */
export interface SnapshotOptions {
  /** Of which functions to read the Vital Product Data. Default: of none, as a card takes a while for it. */
  vpd?: (pci: Pick<PciFunction, 'vendor' | 'device'>) => boolean;
}

/** Where a virtual function sits on its card. */
export interface VfPosition {
  /** Function number of the physical function. */
  pf: number;
  /** Index below the physical function, from 0. */
  vf: number;
}

/** Base class of network controllers (PCI Code and ID Assignment Specification), as sysfs writes it. */
const networkController = '0x02';

/** What Linux tells of the hardware. */
export class Sysfs {
  readonly #sys: string;

  /** @param sys mount point of sysfs; a tree of files in tests */
  constructor(sys = '/sys') {
    this.#sys = sys;
  }

  async snapshot({ vpd = () => false }: SnapshotOptions = {}): Promise<SysfsSnapshot> {
    const addresses = await entries(join(this.#sys, 'bus/pci/devices'));
    const functions = await Promise.all(addresses.map((address) => this.#function(address, vpd)));
    const compatible = await text(join(this.#sys, 'firmware/devicetree/base/compatible'));
    return {
      pci: functions.filter((f) => f !== undefined),
      dmiProduct: await text(join(this.#sys, 'class/dmi/id/product_name')),
      // Each ends with a NUL (Devicetree Specification 0.4, 2.2.4).
      compatible: compatible.split('\0').filter((name) => name !== ''),
    };
  }

  /** undefined for what is no virtual function of this machine. */
  async vfPosition(pciAddress: string): Promise<VfPosition | undefined> {
    const directory = this.#directoryOf(pciAddress);
    const physical = await target(join(directory, 'physfn'));
    if (!physical) return undefined;
    const siblings = (await entries(join(directory, 'physfn'))).filter((name) => /^virtfn\d+$/.test(name));
    for (const name of siblings) {
      if ((await target(join(directory, 'physfn', name))) === pciAddress) {
        return { pf: Number.parseInt(physical.slice(-1), 16), vf: Number(name.slice('virtfn'.length)) };
      }
    }
    return undefined;
  }

  /** PCI addresses of a physical function's virtual functions, by their index. */
  async virtualFunctions(pciAddress: string): Promise<string[]> {
    const directory = this.#directoryOf(pciAddress);
    const names = (await entries(directory)).filter((name) => /^virtfn\d+$/.test(name));
    names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    const targets = await Promise.all(names.map((name) => target(join(directory, name))));
    return targets.filter((address) => address !== undefined);
  }

  /** How many virtual functions a physical one was told to have (sriov_numvfs); others are there while they come or go. */
  async virtualFunctionCount(pciAddress: string): Promise<number> {
    return Number(await text(join(this.#directoryOf(pciAddress), 'sriov_numvfs')));
  }

  /**
   * Netdevs of a PCI function in this network namespace, by the port of the card that each is for (`dev_port`); not the
   * representors of its virtual functions.
   */
  async netdevs(pciAddress: string): Promise<Netdev[]> {
    const directory = join(this.#directoryOf(pciAddress), 'net');
    const names = await entries(directory);
    const of = (file: string) => Promise.all(names.map((name) => text(join(directory, name, file))));
    const [ports, devPorts, macs] = await Promise.all([of('phys_port_name'), of('dev_port'), of('address')]);
    return names
      .map((name, index) => ({
        name,
        mac: macs[index] ?? '',
        port: Number(devPorts[index]),
        place: ports[index] ?? '',
      }))
      .filter(({ place }) => !isRepresentorPort(place))
      .sort((a, b) => a.port - b.port)
      .map(({ name, mac }) => ({ name, mac }));
  }

  /** How many virtual functions the card can have (sriov_totalvfs); 0 for one without SR-IOV. */
  async maximumVirtualFunctions(pciAddress: string): Promise<number> {
    return Number(await text(join(this.#directoryOf(pciAddress), 'sriov_totalvfs')));
  }

  /**
   * Sets how many virtual functions there are. The kernel takes a new count only when there are none, so all go first;
   * the same count changes nothing. Virtual functions are looked at from the network namespace of this sysfs: the
   * node's, where the plugin's pod has the node's network.
   *
   * @throws DpuError OUT_OF_RANGE beyond the card's maximum, FAILED_PRECONDITION while a virtual function that would go
   * is in use: its netdev is in another network namespace, or it is bound to VFIO; INTERNAL with the kernel's words.
   */
  async setVirtualFunctions(pciAddress: string, count: number): Promise<void> {
    const maximum = await this.maximumVirtualFunctions(pciAddress);
    if (!Number.isInteger(count) || count < 0 || count > maximum) {
      throw new DpuError('OUT_OF_RANGE', `${pciAddress} can have 0 to ${maximum} virtual functions, not ${count}`);
    }
    const file = join(this.#directoryOf(pciAddress), 'sriov_numvfs');
    const current = await this.virtualFunctionCount(pciAddress);
    if (current === count) return;
    await this.#requireUnused(pciAddress, current, count);
    if (current !== 0 && count !== 0) await writeFile(file, '0');
    await writeFile(file, String(count));
  }

  async #requireUnused(pciAddress: string, current: number, count: number): Promise<void> {
    const addresses = await this.virtualFunctions(pciAddress);
    const uses = await Promise.all(addresses.map((address) => this.#useOf(address)));
    const inUse = uses.flatMap((use, index) => (use === undefined ? [] : `${addresses[index]} ${use}`));
    if (inUse.length === 0) return;
    const why = `${pciAddress} can go from ${current} to ${count} virtual functions only by way of none`;
    const text = `${why}, and some are in use: ${inUse.join(', ')}; end the pods that have them first`;
    throw new DpuError('FAILED_PRECONDITION', text);
  }

  /** In words; undefined for a virtual function that nobody has. */
  async #useOf(pciAddress: string): Promise<string | undefined> {
    const directory = this.#directoryOf(pciAddress);
    const driver = await target(join(directory, 'driver'));
    // vfio-pci, and drivers made from it for one card, such as mlx5_vfio_pci.
    if (driver?.includes('vfio')) return `is bound to ${driver}`;
    const isNetwork = (await text(join(directory, 'class'))).startsWith(networkController);
    const netdevs = await entries(join(directory, 'net'));
    const isAway = driver !== undefined && isNetwork && netdevs.length === 0;
    return isAway ? `has no network device in this namespace (driver ${driver})` : undefined;
  }

  #directoryOf(pciAddress: string): string {
    return join(this.#sys, 'bus/pci/devices', basename(pciAddress));
  }

  /** undefined for one that was unplugged between the listing and the reading, not for one that cannot be read. */
  async #function(address: string, needsVpd: NonNullable<SnapshotOptions['vpd']>): Promise<PciFunction | undefined> {
    const directory = this.#directoryOf(address);
    const id = async (name: string) => (await text(join(directory, name))).replace(/^0x/, '');
    const [place, vendor, device, subsystemVendor, subsystemDevice, pciClass, physical, netdevs, config] =
      await Promise.all([
        readlink(directory).catch(() => ''),
        id('vendor'),
        id('device'),
        id('subsystem_vendor'),
        id('subsystem_device'),
        id('class'),
        target(join(directory, 'physfn')),
        this.netdevs(address),
        readFile(join(directory, 'config')).catch(() => Buffer.alloc(0)),
      ]);
    if (vendor === '' && (await isGone(directory))) return undefined;
    const isAsked = physical === undefined && needsVpd({ vendor, device });
    const vpd = isAsked ? await readFile(join(directory, 'vpd')).catch(() => undefined) : undefined;
    return {
      address,
      vendor,
      device,
      subsystemVendor,
      subsystemDevice,
      class: pciClass,
      isVf: physical !== undefined,
      bridges: dirname(place).split('/').filter(isPciAddress),
      netdevs,
      config,
      ...(vpd && { vpd }),
    };
  }
}

/** Whether a PCI function answers: a read of one that does not gives ff (PCI Local Bus Specification 3.0, 3.2.2.3.4). */
export function doesAnswer({ config }: Pick<PciFunction, 'config'>): boolean {
  return config.length >= 2 && !(config[0] === 0xff && config[1] === 0xff);
}

/**
 * Whether the `phys_port_name` of a netdev is that of a representor: a port of the card's switch that leads to a physical
 * or virtual function or subfunction (`pf0`, `pf0vf3`, `c1pf0sf2`), where an uplink is `p0` or has no name. Source:
 * Documentation/networking/representors.rst, and `__devlink_port_phys_port_name_get` of Linux.
 */
export const isRepresentorPort = (physPortName: string): boolean => /^(c\d+)?pf\d+(vf\d+|sf\d+)?$/.test(physPortName);

const text = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();
const entries = async (path: string): Promise<string[]> => (await readdir(path).catch(() => [])).sort();
const target = async (path: string): Promise<string | undefined> =>
  readlink(path).then(
    (link) => basename(link),
    () => undefined,
  );
const isPciAddress = (name: string): boolean => /^[0-9a-f]{4,}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(name);
const isGone = async (path: string): Promise<boolean> =>
  lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
