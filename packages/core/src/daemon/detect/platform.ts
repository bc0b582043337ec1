/** What detection rules look at: PCI functions, their netdevs, the machine's DMI product name. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface Netdev {
  name: string;
  mac: string;
}

export interface PciFunction {
  /** `0000:01:00.0` */
  address: string;
  /** Four hex digits. */
  vendor: string;
  device: string;
  /** Six hex digits: class, subclass, programming interface. */
  class: string;
  isVf: boolean;
  netdevs: Netdev[];
  /** PCI configuration space; 64 bytes unless read by root. */
  config: Uint8Array;
}

export interface PlatformSnapshot {
  pci: PciFunction[];
  /** Empty where the machine has no DMI table. */
  dmiProduct: string;
}

/** Where a virtual function sits on its card. */
export interface VfPosition {
  /** Function number of the physical function. */
  pf: number;
  /** Index below the physical function, from 0. */
  vf: number;
}

export interface Platform {
  snapshot(): Promise<PlatformSnapshot>;
  /** undefined for what is no virtual function of this machine. */
  vfPosition(pciAddress: string): Promise<VfPosition | undefined>;
}

/** The machine the daemon runs on, by its sysfs. */
export class SysfsPlatform implements Platform {
  readonly #sys: string;

  /** @param sys mount point of sysfs; a tree of files in tests */
  constructor(sys = '/sys') {
    this.#sys = sys;
  }

  async snapshot(): Promise<PlatformSnapshot> {
    const addresses = await entries(join(this.#sys, 'bus/pci/devices'));
    const functions = await Promise.all(addresses.map((address) => this.#function(address)));
    return {
      // A function that was unplugged between the listing and the reading has no vendor any more.
      pci: functions.filter((f) => f.vendor !== ''),
      dmiProduct: await text(join(this.#sys, 'class/dmi/id/product_name')),
    };
  }

  async vfPosition(pciAddress: string): Promise<VfPosition | undefined> {
    const directory = join(this.#sys, 'bus/pci/devices', basename(pciAddress));
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

  async #function(address: string): Promise<PciFunction> {
    const directory = join(this.#sys, 'bus/pci/devices', address);
    const [vendor, device, pciClass, physical, names, config] = await Promise.all([
      text(join(directory, 'vendor')),
      text(join(directory, 'device')),
      text(join(directory, 'class')),
      target(join(directory, 'physfn')),
      entries(join(directory, 'net')),
      readFile(join(directory, 'config')).catch(() => Buffer.alloc(0)),
    ]);
    const netdevs = names.map(async (name) => ({ name, mac: await text(join(directory, 'net', name, 'address')) }));
    return {
      address,
      vendor: vendor.replace(/^0x/, ''),
      device: device.replace(/^0x/, ''),
      class: pciClass.replace(/^0x/, ''),
      isVf: physical !== undefined,
      netdevs: await Promise.all(netdevs),
      config,
    };
  }
}

const text = async (path: string): Promise<string> => (await readFile(path, 'utf8').catch(() => '')).trim();
const entries = async (path: string): Promise<string[]> => (await readdir(path).catch(() => [])).sort();
const target = async (path: string): Promise<string | undefined> =>
  readlink(path).then(
    (link) => basename(link),
    () => undefined,
  );
