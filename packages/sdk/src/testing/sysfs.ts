/** A sysfs in a temporary directory. */
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import type { Platform } from '../contract/contract.ts';
import { type Exec, exec } from '../linux/exec.ts';
import { Links } from '../linux/links/links.ts';
import type { BridgeMode } from '../linux/netlink/messages/bridge-mode.ts';
import type { VfSettings } from '../linux/netlink/messages/vf.ts';
import { OpenVSwitch } from '../linux/ovs/ovs.ts';
import { Sriov } from '../linux/pci/sriov.ts';
import { Sysfs } from '../linux/pci/sysfs.ts';
import { linuxPlatform } from '../linux/platform.ts';
import { FakeNetdevs } from './fake-netdevs.ts';
import type { FakeMachine, FakePciFunction } from './machine.ts';
import { PciTree } from './pci-tree.ts';
import { bridgeModeIn, FakePfDriver, vfSettingsIn } from './vf-settings.ts';

/** At the root of the tree: what holds for all of it. */
const machineFile = 'machine.json';

/**
 * Reads the tree as it reads a real sysfs. {@link Sysfs.setVirtualFunctions} makes and removes virtual functions as a
 * driver does; a program that writes to `sriov_numvfs` by itself only changes the file.
 */
export class FakeSysfs extends Sysfs implements AsyncDisposable {
  /** Where the tree is: what is /sys elsewhere. */
  readonly root: string;
  readonly #netdevs: FakeNetdevs;
  readonly #pci: PciTree;

  constructor(root: string) {
    super(root);
    this.root = root;
    this.#netdevs = new FakeNetdevs(root);
    this.#pci = new PciTree(root, this.#netdevs);
  }

  /** Of the machine; undefined for that of the process. */
  get netns(): string | undefined {
    return this.#netdevs.netns;
  }

  /** Takes over what is there, made by this process or another. */
  async open(): Promise<this> {
    const { netns, macPrefix }: FakeMachine = JSON.parse(await readFile(join(this.root, machineFile), 'utf8'));
    this.#netdevs.netns = netns;
    if (macPrefix !== undefined) this.#netdevs.macPrefix = macPrefix;
    return this;
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

  /** Gives their netdevs to the virtual functions of a physical one that were held back, as their driver does. */
  async probe(pciAddress: string): Promise<void> {
    await this.#pci.probe(pciAddress);
  }

  /** What {@link Sriov.setVf} has set of a physical function's virtual functions, by their index. */
  async vfSettings(pciAddress: string): Promise<VfSettings[]> {
    const addresses = await this.virtualFunctions(pciAddress);
    return Promise.all(addresses.map((address) => vfSettingsIn(join(this.root, 'bus/pci/devices', address))));
  }

  /** What {@link Sriov.setBridgeMode} has set of a physical function. */
  bridgeMode(pciAddress: string): Promise<BridgeMode | undefined> {
    return bridgeModeIn(join(this.root, 'bus/pci/devices', pciAddress));
  }

  /** SR-IOV of the functions in the tree. */
  sriov(clock: Clock): Sriov {
    const driver = new FakePfDriver(this.root, this.#pci);
    return new Sriov({ sysfs: this, clock, driver, watch: (onChange, signal) => this.#watch(onChange, signal) });
  }

  /** The real machine, in the network namespace of this one, with the hardware in the tree. */
  platform(): Platform {
    const { netns } = this;
    const real = linuxPlatform();
    const sriov = this.sriov(real.clock);
    if (netns === undefined) return { ...real, sysfs: this, sriov };
    const inside: Exec = (file, args, options) => exec('nsenter', [`--net=${netns}`, file, ...args], options);
    return {
      ...real,
      exec: inside,
      links: new Links(exec, netns),
      sysfs: this,
      sriov,
      // Where commands look for a switch is one place for the whole machine.
      openVSwitch: ({ commandsLookIn: _, ...options }) => new OpenVSwitch({ exec: inside, netns, ...options }),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#netdevs.unplugAll();
    // What was under way when the test ended may write on for a moment.
    await rm(this.root, { recursive: true, force: true, maxRetries: 10 });
  }

  #watch(onChange: () => void, signal: AbortSignal): void {
    const watcher = watch(join(this.root, 'class/net'), { signal }, onChange);
    watcher.on('error', () => {});
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
 * @param root Empty directory for the tree. Default: a new one.
 */
export async function fakeSysfs(machine: FakeMachine = {}, root?: string): Promise<FakeSysfs> {
  const { pci = [], dmiProduct, compatible, netns, macPrefix } = machine;
  const sysfs = new FakeSysfs(root ?? (await mkdtemp(join(tmpdir(), 'dpu-sysfs-'))));
  try {
    await mkdir(join(sysfs.root, 'class/net'), { recursive: true });
    await writeFile(join(sysfs.root, machineFile), JSON.stringify({ netns, macPrefix }));
    await sysfs.open();
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

/** The stand-in for `/sys` at a root that this or another process has made; both see what either changes. */
export function openFakeSysfs(root: string): Promise<FakeSysfs> {
  return new FakeSysfs(root).open();
}
