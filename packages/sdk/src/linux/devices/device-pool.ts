/** Keeps a row of devices there: those on the node, and those that pods have. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Device, Logger, Platform } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import type { IpCommand } from '../links/ip-commands.ts';
import type { Link } from '../links/link.ts';
import { indexIn } from './names.ts';
import { linksOfPods } from './pod-links.ts';

/** A row of devices of one sort, each known by its index. */
export interface DeviceKind {
  /** Its name while no pod has it. */
  name(index: number): string;
  prefix: string;
  /** Fails with ALREADY_EXISTS while the device exists in any namespace. */
  create(index: number): IpCommand;
  /** Which device a link is, whatever it is called; undefined for one that is not of this kind. */
  identify(link: Link): number | undefined;
}

/** The node that the devices are on. */
export interface DeviceNode {
  platform: Pick<Platform, 'links'>;
  logger: Logger;
}

/** What of a pool of devices is not on the node as it should be. */
export interface PoolState {
  /** Devices that are in another namespace: a pod's, or one that the kernel is taking down. */
  absent: number[];
  /**
   * Whether a device is on the node under another name, which its mover may be about to change, or could not be set up.
   */
  unsettled: boolean;
}

/** How long a device may stay on the node under another name; whoever moves it back renames it at once. */
const STRAY_GRACE_MS = 3_000;
/** The kernel takes a namespace down some time after its last process is gone. */
const NETNS_GRACE_MS = 5_000;

/** Devices that software makes, of which pods get some: it makes them, knows them again, and makes anew what was lost. */
export class DevicePool {
  readonly #node: DeviceNode;
  readonly #kind: DeviceKind;
  readonly #links: Platform['links'];
  readonly #watchers = new Set<() => void>();
  /** Devices that could not be made, and why. */
  readonly #broken = new Map<number, string>();
  /** When a link, by its index, was first seen under another name. */
  readonly #straySince = new Map<number, number>();
  #count = 0;
  #told = '[]';

  constructor(node: DeviceNode, kind: DeviceKind) {
    this.#node = node;
    this.#kind = kind;
    this.#links = node.platform.links;
  }

  /** @param onChange called when the devices, or their health, have changed */
  watch(onChange: () => void): () => void {
    this.#watchers.add(onChange);
    return () => this.#watchers.delete(onChange);
  }

  devices(): Device[] {
    return Array.from({ length: this.#count }, (_, index) => {
      const device = { id: this.#kind.name(index), pf: 0, vf: index };
      const reason = this.#broken.get(index);
      return reason === undefined ? { ...device, healthy: true } : { ...device, healthy: false, reason };
    });
  }

  /** Takes over what a predecessor left and makes the rest. */
  async adopt(atLeast: number): Promise<PoolState> {
    const here = await this.#here();
    this.#count = Math.max(atLeast, ...[...here.keys()].map((index) => index + 1));
    for (const [index, link] of here) if (link.name !== this.#kind.name(index)) await this.#rename(link, index);
    // It may have been killed between making a device and this.
    await Promise.all([...here.keys()].map((index) => this.#finish(index)));
    return this.ensure();
  }

  /** Makes the devices that exist nowhere. */
  async ensure(): Promise<PoolState> {
    const here = await this.#here();
    const strays = await this.#returnStrays(here);
    const missing = Array.from({ length: this.#count }, (_, index) => index).filter((index) => !here.has(index));
    const failures = await this.#links.batch(missing.map(this.#kind.create), { force: true });
    const failed = new Map(failures.map(({ line, error }) => [missing[line] ?? -1, error]));
    for (const [index, error] of failed) {
      if (error.code === 'ALREADY_EXISTS') this.#broken.delete(index);
      else this.#break(index, error.message);
    }
    const unfinished = [...here.keys()].filter((index) => this.#broken.has(index));
    const made = missing.filter((index) => !failed.has(index));
    await Promise.all([...made, ...unfinished].map((index) => this.#finish(index)));
    this.#notifyChanges();
    const absent = missing.filter((index) => failed.get(index)?.code === 'ALREADY_EXISTS');
    return { absent, unsettled: strays || [...made, ...unfinished].some((index) => this.#broken.has(index)) };
  }

  /**
   * @returns how many there are then
   * @throws DpuError FAILED_PRECONDITION when a pod has one that is to go
   */
  async resize(count: number): Promise<number> {
    const tooMany = async () => (await this.ensure()).absent.filter((index) => index >= count);
    let taken = count < this.#count ? await tooMany() : [];
    // What a pod has for certain is not waited for.
    for (let waited = 0, pause = 20; taken.length > 0 && waited < NETNS_GRACE_MS; waited += pause, pause *= 2) {
      if (await this.#podsHave(taken)) break;
      await delay(pause);
      taken = await tooMany();
    }
    if (taken.length > 0) {
      const names = taken.map(this.#kind.name).join(', ');
      throw new DpuError(
        'FAILED_PRECONDITION',
        `pods use ${names}; remove those pods before there are ${count} devices`,
      );
    }
    this.#count = count;
    for (const index of this.#broken.keys()) if (index >= count) this.#broken.delete(index);
    const surplus = [...(await this.#here())].filter(([index]) => index >= count);
    await this.#links.batch(
      surplus.map(([, link]) => ({ delete: link.name })),
      { force: true },
    );
    await this.ensure();
    return count;
  }

  /** Whether one of them is in a namespace that has a name still; the kernel takes down those that have none. */
  async #podsHave(taken: readonly number[]): Promise<boolean> {
    const names = new Map((await this.#links.list()).map(({ index, name }) => [index, name]));
    return (await linksOfPods(this.#links)).some(({ link }) => {
      // A pod sees of the end that stayed here its index only.
      const name = names.get(link.peer?.index ?? -1);
      const known = name === undefined ? link : { ...link, peer: { ...link.peer, name } };
      return taken.includes(this.#kind.identify(known) ?? -1);
    });
  }

  /** The devices on the node by index. Links that bear one of our names but are set up otherwise are from former settings. */
  async #here(): Promise<Map<number, Link>> {
    const here = new Map<number, Link>();
    const outdated: Link[] = [];
    for (const link of await this.#links.list()) {
      const index = this.#kind.identify(link);
      const named = indexIn(link.name, this.#kind.prefix);
      if (index !== undefined) here.set(index, link);
      else if (named !== undefined && (link.kind === 'veth' || link.kind === 'vxlan')) outdated.push(link);
    }
    await this.#links.batch(
      outdated.map((link) => ({ delete: link.name })),
      { force: true },
    );
    return here;
  }

  /** Renames what came back under another name and was left so; answers whether some are yet to be. */
  async #returnStrays(here: Map<number, Link>): Promise<boolean> {
    const strays = [...here].filter(([index, link]) => link.name !== this.#kind.name(index));
    const now = performance.now();
    for (const known of this.#straySince.keys()) {
      if (!strays.some(([, link]) => link.index === known)) this.#straySince.delete(known);
    }
    let waiting = false;
    for (const [index, link] of strays) {
      const since = this.#straySince.get(link.index) ?? now;
      this.#straySince.set(link.index, since);
      if (now - since < STRAY_GRACE_MS) waiting = true;
      else await this.#rename(link, index);
    }
    return waiting;
  }

  async #rename(link: Link, index: number): Promise<void> {
    const name = this.#kind.name(index);
    this.#node.logger.info({ from: link.name, to: name }, 'renaming a device that came back');
    await this.#links.batch([{ set: link.name, up: false }, ['link', 'set', link.name, 'name', name]], { force: true });
  }

  async #finish(index: number): Promise<void> {
    const name = this.#kind.name(index);
    try {
      await this.#links.disableOffloads(name, ['tx', 'rx']);
      this.#broken.delete(index);
    } catch (error) {
      // It stays, for the next look: to delete it would be a change of links, and so a reason to look at once.
      this.#break(index, DpuError.from(error).message);
    }
  }

  #notifyChanges(): void {
    const now = JSON.stringify(this.devices());
    if (now === this.#told) return;
    this.#told = now;
    for (const watcher of this.#watchers) watcher();
  }

  #break(index: number, reason: string): void {
    if (this.#broken.get(index) !== reason)
      this.#node.logger.warn({ device: this.#kind.name(index), reason }, 'device is broken');
    this.#broken.set(index, reason);
  }
}
