/** A sysfs in a temporary directory. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Netdev, Sysfs } from '../linux/sysfs.ts';
import { PciTree } from './pci-tree.ts';

/** SR-IOV of a physical function. */
export interface FakeSriov {
  /** sriov_totalvfs: how many virtual functions it can have. */
  totalVfs: number;
  /** Device id of the virtual functions, four hex digits. */
  device: string;
  /** How many there are from the start. Default: 0. */
  numVfs?: number;
  /** From the physical function's address to that of the first virtual function. Default: 16 (01:00.0 → 01:02.0). */
  offset?: number;
  /** From one virtual function to the next. Default: 1. */
  stride?: number;
}

export interface FakePciFunction {
  /** `0000:01:00.0` */
  address: string;
  /** Four hex digits. */
  vendor: string;
  device: string;
  /** Six hex digits. Default: a network controller (`020000`). */
  class?: string;
  /** With a name alone it gets a MAC address of its own. */
  netdevs?: (Partial<Netdev> & Pick<Netdev, 'name'>)[];
  /** Four hex digits each. */
  subsystem?: { vendor: string; device: string };
  /** Written into the configuration space at an offset (bytes), as hex digits. */
  serial?: { offset: number; hex: string };
  /** Device Serial Number capability: 16 hex digits, as lspci writes them without its dashes. */
  dsn?: string;
  /** Serial number in the Vital Product Data. */
  vpdSerial?: string;
  /** Address of the PCI bridge above it, a function that was added before. Default: it is on the root bus. */
  behind?: string;
  /** The NUMA node. Default: -1 (none). */
  numaNode?: number;
  /** Its virtual functions get netdevs when it has one: `eth0v0` and so on. */
  sriov?: FakeSriov;
}

export interface FakeMachine {
  pci?: FakePciFunction[];
  /** What the firmware calls the machine; without it there is no DMI table. */
  dmiProduct?: string;
  /** `compatible` of the device tree's root; without it there is no device tree. */
  compatible?: string[];
}

/**
 * Reads the tree as it reads a real sysfs. {@link Sysfs.setVirtualFunctions} makes and removes virtual functions as a
 * driver does; a program that writes to `sriov_numvfs` by itself only changes the file.
 */
export class FakeSysfs extends Sysfs implements AsyncDisposable {
  /** Where the tree is: what is /sys elsewhere. */
  readonly root: string;
  readonly #pci: PciTree;

  constructor(root: string) {
    super(root);
    this.root = root;
    this.#pci = new PciTree(root);
  }

  /** Goes on with the tree of another process, which has this hardware. */
  async adopt({ pci = [] }: FakeMachine): Promise<void> {
    for (const each of pci) await this.#pci.adopt(each);
  }

  /** Plugs a function in. */
  async add(pci: FakePciFunction): Promise<void> {
    await this.#pci.add(pci);
    if (pci.sriov?.numVfs) await this.setVirtualFunctions(pci.address, pci.sriov.numVfs);
  }

  /** Unplugs a function, and with a physical function its virtual ones. */
  async remove(address: string): Promise<void> {
    await this.#pci.setVirtualFunctions(address, 0);
    await this.#pci.remove(address);
  }

  override async setVirtualFunctions(pciAddress: string, count: number): Promise<void> {
    await super.setVirtualFunctions(pciAddress, count);
    await this.#pci.setVirtualFunctions(pciAddress, count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/**
 * A machine's hardware as Linux tells of it, in a directory of its own under the system's temporary one. Its tree holds
 * what real PCI functions, their netdevs and the DMI table show; programs may read it at {@link FakeSysfs.root}.
 *
 * @example
 * await using sysfs = await fakeSysfs({
 *   pci: [{ address: '0000:01:00.0', vendor: '177d', device: 'b900', sriov: { totalVfs: 8, device: 'b903' } }],
 * });
 * await sysfs.setVirtualFunctions('0000:01:00.0', 2);
 * await sysfs.virtualFunctions('0000:01:00.0'); // ['0000:01:02.0', '0000:01:02.1']
 */
export async function fakeSysfs({ pci = [], dmiProduct, compatible }: FakeMachine = {}): Promise<FakeSysfs> {
  const sysfs = new FakeSysfs(await mkdtemp(join(tmpdir(), 'dpu-sysfs-')));
  try {
    if (dmiProduct !== undefined) {
      const dmi = join(sysfs.root, 'class/dmi/id');
      await mkdir(dmi, { recursive: true });
      await writeFile(join(dmi, 'product_name'), `${dmiProduct}\n`);
    }
    if (compatible !== undefined) {
      const base = join(sysfs.root, 'firmware/devicetree/base');
      await mkdir(base, { recursive: true });
      await writeFile(join(base, 'compatible'), compatible.map((name) => `${name}\0`).join(''));
    }
    for (const each of pci) await sysfs.add(each);
    return sysfs;
  } catch (error) {
    await sysfs[Symbol.asyncDispose]();
    throw error;
  }
}
