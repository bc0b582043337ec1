/** The network devices behind the ids that a VSP answers, where the suite runs on the VSP's node. */
import { readdir } from 'node:fs/promises';
import type { Device, NetworkFunction } from '../../contract/contract.ts';
import { DpuError } from '../../errors.ts';
import { type Exec, exec } from '../../linux/exec.ts';
import type { Link } from '../../linux/links/link.ts';
import { Links } from '../../linux/links/links.ts';
import type { Sysfs } from '../../linux/pci/sysfs.ts';
import { Skip } from '../breach.ts';
import type { HealthHook } from '../session/health-hook.ts';

/** A machine that is busy with other things is no fault of the plugin. */
const patientMs = 120_000;
const patiently: Exec = (file, args, options) => exec(file, args, { timeoutMs: patientMs, ...options });

/** A network namespace: another one in each process, as suites may run side by side. */
const borrower = `dpu-conformance-${process.pid}`;

export interface Lent {
  /** Whether it is still there, and the same. */
  isThere(): Promise<boolean>;
  back(): Promise<void>;
}

/** What can be made, removed and made again. */
export interface Remade {
  make(): Promise<unknown>;
  remove(): Promise<unknown>;
}

/**
 * Makes something, and names the links that come up with it, go with it and come again: others that come meanwhile, as those
 * of containers do, are not its.
 */
export async function namesWith({ make, remove }: Remade, list: () => Promise<readonly Link[]>): Promise<string[]> {
  const comingWith = async (): Promise<string[]> => {
    const before = new Set((await list()).map(({ index }) => index));
    await make();
    return (await list()).filter(({ index, up }) => up && !before.has(index)).map(({ name }) => name);
  };
  const first = new Set(await comingWith());
  if (first.size === 0) return [];
  await remove();
  return (await comingWith()).filter((name) => first.has(name));
}

export class NodeDevices {
  readonly #links = new Links(patiently);
  readonly #sysfs: Sysfs | undefined;

  /** @param sysfs What stands in for the machine's; its devices are no network devices that could be lent. */
  constructor(sysfs?: Sysfs) {
    this.#sysfs = sysfs;
  }

  /** Of those devices that are network devices here. */
  async linksOf(devices: readonly Device[]): Promise<Map<string, Link>> {
    if (this.#sysfs) return new Map();
    const links = new Map((await this.#links.list()).map((link) => [link.name, link]));
    const found = new Map<string, Link>();
    for (const { id } of devices) {
      const link = links.get(await nameOf(id));
      if (link) found.set(id, link);
    }
    return found;
  }

  /** Of those that were found before, what has such a name now. */
  async linksNamed(before: ReadonlyMap<string, Link>): Promise<Map<string, Link>> {
    const links = new Map((await this.#links.list()).map((link) => [link.name, link]));
    return new Map(
      [...before].flatMap(([id, { name }]) => {
        const link = links.get(name);
        return link ? [[id, link] as const] : [];
      }),
    );
  }

  /** All links of the node by index; none where a stand-in is in its place. */
  async links(): Promise<ReadonlyMap<number, Link>> {
    return new Map(this.#sysfs ? [] : (await this.#links.list()).map((link) => [link.index, link]));
  }

  /** Makes something, and lowers and raises the links that come with it; undefined where none do. */
  async carrierOf(something: Remade): Promise<HealthHook | undefined> {
    const names = await namesWith(something, async () => [...(await this.links()).values()]);
    if (names.length === 0) return undefined;
    const set = async (state: 'up' | 'down') => {
      await this.#links.batch(names.map((name) => `link set ${name} ${state}`));
    };
    return { fail: () => set('down'), repair: () => set('up') };
  }

  /** Two devices for each network function, in the order of the list. */
  async functionsOf(devices: readonly Device[]): Promise<NetworkFunction[]> {
    const macs = this.#sysfs ? await this.#macsOf(this.#sysfs, devices) : await this.#macs(devices);
    return pairs(macs.filter(Boolean));
  }

  async #macs(devices: readonly Device[]): Promise<string[]> {
    return [...(await this.linksOf(devices)).values()].map(({ mac }) => mac);
  }

  async #macsOf(sysfs: Sysfs, devices: readonly Device[]): Promise<string[]> {
    const { pci } = await sysfs.snapshot();
    const macs = new Map<string, string>();
    for (const { address, netdevs } of pci) {
      for (const { name, mac } of netdevs) macs.set(name, mac).set(address, mac);
    }
    // What the plugin itself makes, such as pairs of devices for functions, is no hardware and in no tree.
    for (const { name, mac } of await this.#links.list()) if (!macs.has(name)) macs.set(name, mac);
    return devices.map(({ id }) => macs.get(id) ?? '');
  }

  /**
   * Gives a device to a network namespace, as attaching gives it to a pod.
   *
   * @throws Skip when that is not allowed here.
   */
  async lend(device: Device): Promise<Lent> {
    const link = (await this.linksOf([device])).get(device.id);
    if (!link) throw new Skip(`${device.id} is no network device that the suite can see; run it on the VSP's node`);
    try {
      await patiently('ip', ['netns', 'add', borrower]);
    } catch (error) {
      throw new Skip(`lending a device to a pod takes root and ip(8): ${DpuError.from(error).message}`);
    }
    const inside = new Links(patiently, `/var/run/netns/${borrower}`);
    const back = async () => {
      await inside.batch([`link set ${link.name} netns ${process.pid}`], { force: true });
      await patiently('ip', ['netns', 'del', borrower]);
    };
    const [failure] = await this.#links.batch([`link set ${link.name} netns ${borrower}`], { force: true });
    if (!failure) {
      const [there] = await inside.list({ name: link.name });
      const isThere = async () => (await inside.list({ name: link.name }))[0]?.index === there?.index;
      return { isThere, back };
    }
    await back();
    throw new Skip(`${link.name} cannot be lent to a pod: ${failure.error.message}`);
  }
}

export function pairs(macs: readonly string[]): NetworkFunction[] {
  const functions: NetworkFunction[] = [];
  for (let index = 0; index + 1 < macs.length; index += 2) {
    functions.push({ input: macs[index] ?? '', output: macs[index + 1] ?? '' });
  }
  return functions;
}

/** An id is a PCI address or a name. */
async function nameOf(id: string): Promise<string> {
  if (!/^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/.test(id)) return id;
  const [name = ''] = await readdir(`/sys/bus/pci/devices/${id}/net`).catch(() => []);
  return name;
}
