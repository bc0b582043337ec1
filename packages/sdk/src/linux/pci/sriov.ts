/** SR-IOV beyond the number of functions: settings that only a physical function can make, and the netdevs of functions. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import { DpuError } from '../../errors.ts';
import type { Structural } from '../../structural.ts';
import { watchLinks } from '../links/links-watch.ts';
import type { BridgeMode } from '../netlink/messages/bridge-mode.ts';
import type { Vf, VfSettings } from '../netlink/messages/vf.ts';
import { Netlink } from '../netlink/netlink.ts';
import type { Netdev, Sysfs } from './sysfs.ts';

/** The driver of a physical function, by the name of its netdev. {@link Netlink} is one. */
export interface PfDriver {
  listVfs(pf: string): Promise<Vf[]>;
  setVf(pf: string, vf: number, settings: VfSettings): Promise<void>;
  setBridgeMode(pf: string, mode: BridgeMode): Promise<void>;
}

/** What {@link Sriov} works on. */
export interface SriovOptions {
  sysfs: Structural<Sysfs>;
  clock: Clock;
  /** Default: the kernel's, in the network namespace of this process. */
  driver?: PfDriver;
  /** Calls `onChange` when a netdev may have come or gone. Default: the kernel's notifications. */
  watch?: (onChange: () => void, signal: AbortSignal) => void;
}

/** How long to wait for the netdevs of functions. */
export interface NetdevWait {
  /** Milliseconds. Default: 60,000. Drivers of slow cards take tens of seconds for many functions. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

const defaultTimeoutMs = 60_000;
/** How many functions a message names. */
const named = 3;

/**
 * Settings of virtual functions that only their physical function can make, and the wait for their netdevs.
 *
 * @example
 * await platform.sysfs.setVirtualFunctions(pf, 4);
 * const netdevs = await platform.sriov.netdevs(await platform.sysfs.virtualFunctions(pf), { signal });
 * await platform.sriov.setVf(pf, 0, { trust: true, spoofCheck: false });
 */
export class Sriov {
  readonly #sysfs: Structural<Sysfs>;
  readonly #clock: Clock;
  readonly #driver: PfDriver | undefined;
  readonly #watch: NonNullable<SriovOptions['watch']>;

  constructor({ sysfs, clock, driver, watch }: SriovOptions) {
    this.#sysfs = sysfs;
    this.#clock = clock;
    this.#driver = driver;
    this.#watch = watch ?? ((onChange, signal) => watchLinks(onChange, { signal, onRestart: onChange }));
  }

  /**
   * The first netdev of each PCI function, in their order. Waits for those that their driver has not made yet, by the
   * notifications of links.
   *
   * @throws DpuError DEADLINE_EXCEEDED naming functions that have none by then, CANCELLED when `signal` aborts
   */
  async netdevs(pciAddresses: readonly string[], wait: NetdevWait = {}): Promise<Netdev[]> {
    const { timeoutMs = defaultTimeoutMs, signal } = wait;
    const stop = new AbortController();
    let changed = Promise.withResolvers<'changed'>();
    const onChange = () => {
      changed.resolve('changed');
    };
    // From before the first look: nothing is missed between the two.
    this.#watch(onChange, stop.signal);
    const abort = () => stop.abort();
    signal?.addEventListener('abort', abort, { once: true });
    const late = this.#clock.sleep(timeoutMs, stop.signal).then(
      () => 'late' as const,
      () => 'cancelled' as const,
    );
    try {
      for (;;) {
        const found = await Promise.all(pciAddresses.map((address) => this.netdev(address)));
        const missing = pciAddresses.filter((_, index) => found[index] === undefined);
        if (missing.length === 0) return found.filter((netdev) => netdev !== undefined);
        const end = signal?.aborted ? 'cancelled' : await Promise.race([changed.promise, late]);
        if (end === 'late') throw lateError(missing, timeoutMs);
        if (end === 'cancelled') throw new DpuError('CANCELLED', `the wait for ${listOf(missing)} was cancelled`);
        changed = Promise.withResolvers();
      }
    } finally {
      signal?.removeEventListener('abort', abort);
      stop.abort();
    }
  }

  /** The first netdev of a PCI function; undefined while it has none in this network namespace. */
  async netdev(pciAddress: string): Promise<Netdev | undefined> {
    return (await this.#sysfs.netdevs(pciAddress))[0];
  }

  /** Calls `onChange` when a netdev of any function may have come or gone, until the signal aborts. */
  watchNetdevs(onChange: () => void, signal: AbortSignal): void {
    this.#watch(onChange, signal);
  }

  /**
   * Sets what is given of a virtual function, and leaves the rest. What its driver reports to be so already is not set
   * again: some reset the function for it.
   *
   * @param pf PCI address of its physical function
   * @param vf its index there, from 0
   * @throws DpuError FAILED_PRECONDITION while the physical function has no netdev, else what its driver refused; those
   * of the settings that came before are made
   */
  async setVf(pf: string, vf: number, settings: VfSettings): Promise<void> {
    const name = await this.#nameOf(pf);
    await this.#withDriver(async (driver) => {
      const now = (await driver.listVfs(name)).find(({ number }) => number === vf);
      const differing = Object.entries(settings).filter(([key, value]) => {
        return !isDeepStrictEqual(now?.[key as keyof VfSettings], value);
      });
      if (differing.length > 0) await driver.setVf(name, vf, Object.fromEntries(differing));
    });
  }

  /**
   * How frames between functions of one card go: `veb` within the card, `vepa` out to the switch at its port.
   *
   * @param pf PCI address of the physical function
   * @throws DpuError FAILED_PRECONDITION while it has no netdev, UNIMPLEMENTED where its driver has no such modes
   */
  async setBridgeMode(pf: string, mode: BridgeMode): Promise<void> {
    const name = await this.#nameOf(pf);
    await this.#withDriver((driver) => driver.setBridgeMode(name, mode));
  }

  async #nameOf(pf: string): Promise<string> {
    const netdev = await this.netdev(pf);
    if (netdev) return netdev.name;
    const text = `${pf} has no network device in this network namespace; its driver may not be loaded`;
    throw new DpuError('FAILED_PRECONDITION', text);
  }

  async #withDriver(use: (driver: PfDriver) => Promise<void>): Promise<void> {
    if (this.#driver) return use(this.#driver);
    const netlink = new Netlink();
    try {
      await use(netlink);
    } finally {
      netlink.close();
    }
  }
}

function lateError(missing: readonly string[], timeoutMs: number): DpuError {
  const text = `no network device within ${timeoutMs / 1000} s: ${listOf(missing)}; see the kernel's log for its driver`;
  return new DpuError('DEADLINE_EXCEEDED', text);
}

function listOf(addresses: readonly string[]): string {
  const more = addresses.length - named;
  return addresses.slice(0, named).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
