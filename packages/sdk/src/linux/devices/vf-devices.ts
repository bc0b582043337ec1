/** The virtual functions of a card as devices: made by number, set up, and watched for the netdevs that their driver makes. */
import type { Device, Logger, Platform, VirtualFunctions } from '../../contract.ts';
import { DpuError } from '../../errors.ts';

export interface VfDevicesOptions {
  platform: Pick<Platform, 'sysfs' | 'sriov' | 'clock'>;
  logger: Logger;
  /** PCI addresses of the physical functions, by their numbers. */
  pfs: readonly string[];
  /** Aborted when the plugin ends. */
  signal: AbortSignal;
  /**
   * Sets virtual functions up: all of a physical function, at the start and whenever their number was set. Nothing is
   * there to be undone of it when they go.
   */
  configure?: (pf: string, count: number) => Promise<void>;
  /** Milliseconds that a driver may take for the netdevs of new functions. Default: 60,000. */
  netdevTimeoutMs?: number;
}

const defaultTimeoutMs = 60_000;
/** Milliseconds that setNumVfs waits for all of them: less than a call may take. */
const answerMs = 5_000;

/**
 * @example
 * const vfs = new VfDevices({ platform, logger, pfs: [pciAddress], signal });
 * await vfs.start();
 * return { address, getDevices: () => vfs.devices(), setNumVfs: (count) => vfs.setNumVfs(count), watchDevices: (onChange) => vfs.watch(onChange) };
 */
export class VfDevices {
  readonly #options: VfDevicesOptions;
  readonly #watchers = new Set<() => void>();
  /** New functions without a netdev, and why nobody gets them. One that has lost its netdev since may be in a pod. */
  readonly #awaited = new Map<string, string>();
  #allHere = Promise.withResolvers<void>();

  constructor(options: VfDevicesOptions) {
    this.#options = options;
  }

  /** Takes over what is there, and follows netdevs until the signal aborts. */
  async start(): Promise<void> {
    const { platform, pfs, signal, configure } = this.#options;
    platform.sriov.watchNetdevs(() => void this.#look(), signal);
    for (const pf of pfs) {
      const count = await this.#count(pf);
      if (count > 0) await configure?.(pf, count);
    }
  }

  /** Calls `onChange` when {@link devices} would answer differently. */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  async devices(): Promise<Device[]> {
    const { pfs, platform } = this.#options;
    const lists = await Promise.all(pfs.map((pf) => platform.sysfs.virtualFunctions(pf)));
    return lists.flatMap((addresses, pf) =>
      addresses.map((id, vf): Device => {
        const reason = this.#awaited.get(id);
        return reason === undefined ? { id, pf, vf, healthy: true } : { id, pf, vf, healthy: false, reason };
      }),
    );
  }

  async virtualFunctions(): Promise<VirtualFunctions> {
    const { pfs, platform } = this.#options;
    const physicalFunctions = pfs.map(async (pciAddress, pf) => {
      const maximum = await platform.sysfs.maximumVirtualFunctions(pciAddress);
      return { pf, count: await this.#count(pciAddress), maximum };
    });
    return { resizing: 'whenUnused', physicalFunctions: await Promise.all(physicalFunctions) };
  }

  /**
   * Sets the number of the whole card: as many of each physical function, one more of the first ones where that does not
   * come out even. Where one has no room for its share, the others have it.
   *
   * @returns how many there are then
   * @throws DpuError OUT_OF_RANGE, FAILED_PRECONDITION while a pod has one; nothing is changed then
   */
  async setNumVfs(count: number): Promise<number> {
    const { pfs, platform } = this.#options;
    const maxima = await Promise.all(pfs.map((pf) => platform.sysfs.maximumVirtualFunctions(pf)));
    const before = await Promise.all(pfs.map((pf) => this.#count(pf)));
    const done: number[] = [];
    try {
      for (const [pf, share] of sharesOf(count, maxima).entries()) {
        await this.#set(pfs[pf] ?? '', share);
        done.push(pf);
      }
    } catch (error) {
      for (const pf of done) await this.#set(pfs[pf] ?? '', before[pf] ?? 0);
      throw error;
    }
    return this.#answer();
  }

  /** The same for one physical function, by its number. */
  async setNumVfsOf(pf: number, count: number): Promise<number> {
    const pciAddress = this.#options.pfs[pf];
    if (pciAddress === undefined) {
      throw new DpuError('OUT_OF_RANGE', `pf: the card has ${this.#options.pfs.length}, counted from 0, and no ${pf}`);
    }
    await this.#set(pciAddress, count);
    await this.#answer();
    return this.#count(pciAddress);
  }

  async #set(pf: string, count: number): Promise<void> {
    const { platform, configure } = this.#options;
    const { sysfs, sriov } = platform;
    const isNew = (await this.#count(pf)) !== count;
    await sysfs.setVirtualFunctions(pf, count);
    if (count > 0) await configure?.(pf, count);
    if (!isNew) return;
    const addresses = await sysfs.virtualFunctions(pf);
    const netdevs = await Promise.all(addresses.map((address) => sriov.netdev(address)));
    for (const [index, address] of addresses.entries()) {
      if (netdevs[index] === undefined) this.#awaited.set(address, 'waits for its network device');
    }
    if (this.#awaited.size > 0) void this.#giveUp(addresses);
  }

  async #answer(): Promise<number> {
    const { platform, signal, pfs } = this.#options;
    await this.#look();
    this.#tell();
    if (this.#awaited.size > 0) {
      const stop = new AbortController();
      const late = platform.clock.sleep(answerMs, AbortSignal.any([signal, stop.signal])).catch(() => {});
      await Promise.race([this.#allHere.promise, late]);
      stop.abort();
    }
    const counts = await Promise.all(pfs.map((pf) => this.#count(pf)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #look(): Promise<void> {
    const { sysfs, sriov } = this.#options.platform;
    if (this.#awaited.size === 0) return;
    const lists = await Promise.all(this.#options.pfs.map((pf) => sysfs.virtualFunctions(pf)));
    const there = new Set(lists.flat());
    const before = this.#awaited.size;
    for (const address of [...this.#awaited.keys()]) {
      if (!there.has(address) || (await sriov.netdev(address))) this.#awaited.delete(address);
    }
    if (this.#awaited.size === 0) {
      this.#allHere.resolve();
      this.#allHere = Promise.withResolvers();
    }
    if (this.#awaited.size !== before) this.#tell();
  }

  /** Those that are still awaited at the deadline: they are looked for on, and are devices when they come. */
  async #giveUp(addresses: readonly string[]): Promise<void> {
    const { platform, logger, signal, netdevTimeoutMs = defaultTimeoutMs } = this.#options;
    try {
      await platform.clock.sleep(netdevTimeoutMs, signal);
    } catch {
      return;
    }
    const late = addresses.filter((address) => this.#awaited.has(address));
    if (late.length === 0) return;
    const reason = `has no network device ${netdevTimeoutMs / 1000} s after it was made; see the kernel's log for its driver`;
    for (const address of late) this.#awaited.set(address, reason);
    logger.warn({ functions: late, reason }, 'virtual functions have no network device');
    this.#tell();
  }

  async #count(pf: string): Promise<number> {
    return (await this.#options.platform.sysfs.virtualFunctions(pf)).length;
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** By physical function. What is more than all have room for is left to the first, which refuses it. */
export function sharesOf(count: number, maxima: readonly number[]): number[] {
  const shares = maxima.map(() => 0);
  let rest = count;
  while (rest > 0) {
    const open = shares.flatMap((share, index) => (share < (maxima[index] ?? 0) ? index : []));
    if (open.length === 0) break;
    for (const index of open.slice(0, rest)) shares[index] = (shares[index] ?? 0) + 1;
    rest -= Math.min(rest, open.length);
  }
  if (shares.length > 0) shares[0] = (shares[0] ?? 0) + rest;
  return shares;
}
