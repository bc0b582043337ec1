/** The virtual functions of a card as devices: made by number, set up, and watched for the netdevs that their driver makes. */
import { isDeepStrictEqual } from 'node:util';
import type { Device, Logger, Platform, VirtualFunctions } from '../../contract/contract.ts';
import { Serial } from '../../contract/serial.ts';
import { DpuError } from '../../errors.ts';

/** The card, and how its functions are set up. */
export interface VfDevicesOptions {
  platform: Pick<Platform, 'sysfs' | 'sriov' | 'clock'>;
  logger: Logger;
  /** PCI addresses of the physical functions, by their numbers. */
  pfs: readonly string[];
  /** Aborted when the plugin ends. */
  signal: AbortSignal;
  /**
   * Sets virtual functions up: all of a physical function, at the start, whenever their number was set, and when they are
   * others than before, as after their driver was loaded anew. Nothing is there to be undone of it when they go.
   */
  configure?: (pf: string, count: number) => Promise<void>;
  /** Milliseconds that a driver may take for the netdevs of new functions. Default: 60,000. */
  netdevTimeoutMs?: number;
}

const defaultTimeoutMs = 60_000;
/** Milliseconds that setNumVfs waits for all of them: less than a call may take. */
const answerMs = 5_000;
/** Milliseconds until functions are made or set up again that could not be: at first, and at most. */
const retryMs = { first: 2_000, most: 60_000 };

/**
 * The virtual functions of a card as the devices of a plugin: how many there are, set up, and which can be given to pods.
 *
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
  /** Aborted when nothing is awaited any more, and when the time for it begins anew. */
  #wait = new AbortController();
  /** The functions of each physical one, as they were set up. */
  readonly #setUp = new Map<string, readonly string[]>();
  /** Physical functions whose functions could not be set up, and why. */
  readonly #faults = new Map<string, string>();
  /** How many functions each physical one is to have. One whose driver was loaded anew has none, and is given them again. */
  readonly #wanted = new Map<string, number>();
  readonly #serial = new Serial();
  #lookAsked = false;

  constructor(options: VfDevicesOptions) {
    this.#options = options;
  }

  /** Takes over what is there, and follows netdevs until the signal aborts. */
  async start(): Promise<void> {
    const { platform, pfs, signal } = this.#options;
    platform.sriov.watchNetdevs(() => this.#lookSoon(), signal);
    await this.#serial.run(async () => {
      for (const pf of pfs) {
        const addresses = await platform.sysfs.virtualFunctions(pf);
        this.#wanted.set(pf, addresses.length);
        await this.#configure(pf, addresses);
      }
    });
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
        const reason = this.#awaited.get(id) ?? this.#faults.get(pfs[pf] ?? '');
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
    await this.#serial.run(() => this.#share(count));
    return this.#answer();
  }

  async #share(count: number): Promise<void> {
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
  }

  /** The same for one physical function, by its number. */
  async setNumVfsOf(pf: number, count: number): Promise<number> {
    const pciAddress = this.#options.pfs[pf];
    if (pciAddress === undefined) {
      throw new DpuError('OUT_OF_RANGE', `pf: the card has ${this.#options.pfs.length}, counted from 0, and no ${pf}`);
    }
    await this.#serial.run(() => this.#set(pciAddress, count));
    await this.#answer();
    return this.#count(pciAddress);
  }

  async #set(pf: string, count: number): Promise<void> {
    const { sysfs } = this.#options.platform;
    const isNew = (await this.#count(pf)) !== count;
    await sysfs.setVirtualFunctions(pf, count);
    this.#wanted.set(pf, count);
    const addresses = await sysfs.virtualFunctions(pf);
    await this.#configure(pf, addresses);
    if (isNew) await this.#awaitNetdevs(addresses);
  }

  async #configure(pf: string, addresses: readonly string[]): Promise<void> {
    this.#setUp.delete(pf);
    if (addresses.length > 0) await this.#options.configure?.(pf, addresses.length);
    this.#setUp.set(pf, addresses);
    this.#faults.delete(pf);
  }

  async #awaitNetdevs(addresses: readonly string[]): Promise<void> {
    const { sriov } = this.#options.platform;
    const netdevs = await Promise.all(addresses.map((address) => sriov.netdev(address)));
    const missing = addresses.filter((_, index) => netdevs[index] === undefined);
    if (missing.length === 0) return;
    for (const address of missing) this.#awaited.set(address, 'waits for its network device');
    this.#wait.abort();
    this.#wait = new AbortController();
    void this.#giveUp(this.#wait.signal);
  }

  async #answer(): Promise<number> {
    const { platform, signal, pfs } = this.#options;
    await this.#serial.run(() => this.#look());
    this.#notify();
    if (this.#awaited.size > 0) {
      const stop = new AbortController();
      const late = platform.clock.sleep(answerMs, AbortSignal.any([signal, stop.signal])).catch(() => {});
      await Promise.race([this.#allHere.promise, late]);
      stop.abort();
    }
    const counts = await Promise.all(pfs.map((pf) => this.#count(pf)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** One look for the many notifications of one change. */
  #lookSoon(): void {
    if (this.#lookAsked) return;
    this.#lookAsked = true;
    const look = () => {
      this.#lookAsked = false;
      return this.#look();
    };
    this.#serial
      .run(look)
      .catch((error) => this.#options.logger.error({ err: error }, 'virtual functions are not known'));
  }

  async #look(): Promise<void> {
    const { sysfs, sriov } = this.#options.platform;
    const there = new Set<string>();
    let changed = false;
    for (const pf of this.#options.pfs) {
      const addresses = await sysfs.virtualFunctions(pf);
      for (const address of addresses) there.add(address);
      if (this.#faults.has(pf) || isDeepStrictEqual(addresses, this.#setUp.get(pf))) continue;
      changed = true;
      await this.#takeUp(pf, addresses);
    }
    const before = this.#awaited.size;
    for (const address of [...this.#awaited.keys()]) {
      if (!there.has(address) || (await sriov.netdev(address))) this.#awaited.delete(address);
    }
    if (this.#awaited.size === 0) {
      this.#wait.abort();
      this.#allHere.resolve();
      this.#allHere = Promise.withResolvers();
    }
    if (changed || this.#awaited.size !== before) this.#notify();
  }

  /**
   * Functions that nobody asked for here. None: their driver was loaded anew, which leaves no number behind, and no pod can
   * have one; as many as before are made. Some of them: they are coming or going. Both wait a while, in which an admin who
   * sets another number by way of none has done so.
   */
  async #takeUp(pf: string, found: readonly string[]): Promise<void> {
    const { logger, platform } = this.#options;
    const wanted = this.#wanted.get(pf) ?? 0;
    const count = await platform.sysfs.virtualFunctionCount(pf);
    logger.info({ pf, found: found.length, count, wanted }, 'other virtual functions than before');
    if (found.length === count && (count > 0 || wanted === 0)) {
      await this.#setUpFound(pf, found, retryMs.first);
      return;
    }
    this.#faults.set(pf, `comes or goes: ${pf} has ${found.length} virtual functions, and was to have ${wanted}`);
    this.#retryAfter(pf, retryMs.first);
  }

  async #setUpFound(pf: string, found: readonly string[], pauseMs: number): Promise<void> {
    const { logger, platform } = this.#options;
    const count = found.length > 0 ? found.length : (this.#wanted.get(pf) ?? 0);
    try {
      if (found.length === 0) await platform.sysfs.setVirtualFunctions(pf, count);
      this.#wanted.set(pf, count);
      const addresses = await platform.sysfs.virtualFunctions(pf);
      await this.#configure(pf, addresses);
      await this.#awaitNetdevs(addresses);
    } catch (error) {
      const { message } = DpuError.from(error);
      logger.error({ err: error, pf }, 'could not set virtual functions up, trying again');
      this.#faults.set(pf, `could not be set up, which is tried again: ${message}`);
      this.#retryAfter(pf, pauseMs);
    }
  }

  #retryAfter(pf: string, pauseMs: number): void {
    const { platform, logger, signal } = this.#options;
    const retry = async () => {
      if (!this.#faults.has(pf)) return;
      const found = await platform.sysfs.virtualFunctions(pf);
      await this.#setUpFound(pf, found, Math.min(2 * pauseMs, retryMs.most));
      this.#notify();
    };
    platform.clock.sleep(pauseMs, signal).then(
      () => this.#serial.run(retry).catch((error) => logger.error({ err: error }, 'virtual functions are not known')),
      () => {},
    );
  }

  /** Those that are still awaited at the deadline: they are looked for on, and are devices when they come. */
  async #giveUp(ended: AbortSignal): Promise<void> {
    const { platform, logger, signal, netdevTimeoutMs = defaultTimeoutMs } = this.#options;
    try {
      await platform.clock.sleep(netdevTimeoutMs, AbortSignal.any([signal, ended]));
    } catch {
      return;
    }
    const late = [...this.#awaited.keys()];
    const reason = `has no network device ${netdevTimeoutMs / 1000} s after it was made; see the kernel's log for its driver`;
    for (const address of late) this.#awaited.set(address, reason);
    logger.warn({ functions: late, reason }, 'virtual functions have no network device');
    this.#notify();
  }

  async #count(pf: string): Promise<number> {
    return (await this.#options.platform.sysfs.virtualFunctions(pf)).length;
  }

  #notify(): void {
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
