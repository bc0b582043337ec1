/** Netdevs of a fake sysfs, and the links that stand in for them. */
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { exec } from '../linux/exec.ts';
import { Links } from '../linux/links/links.ts';
import { NetlinkLinks } from '../linux/links/links-netlink.ts';
import type { FakeNetdev, FakeWire } from './machine.ts';

/** Where a netdev's wire is kept: what is in the tree is all that another process knows. */
const wireFile = 'wire.json';

export class FakeNetdevs {
  readonly #root: string;
  /** Of the machine; undefined for that of this process. */
  netns: string | undefined;
  /** The first four bytes of the MAC addresses that it makes up. */
  macPrefix = '02:00:00:00';

  constructor(root: string) {
    this.#root = root;
  }

  /** @param directory of the PCI function */
  async add(directory: string, { name, mac, devPort = 0, physPortName, wire }: FakeNetdev): Promise<void> {
    const address = mac ?? (await this.#nextMac());
    const own = join(directory, 'net', name);
    await mkdir(own, { recursive: true });
    await writeFile(join(own, 'address'), `${address}\n`);
    await writeFile(join(own, 'dev_port'), `${devPort}\n`);
    if (physPortName !== undefined) await writeFile(join(own, 'phys_port_name'), `${physPortName}\n`);
    if (wire) await writeFile(join(own, wireFile), JSON.stringify(wire));
    await mkdir(this.#class, { recursive: true });
    // One of that name may be left of a netdev that somebody took out of the tree.
    await rm(join(this.#class, name), { force: true });
    await symlink(relative(this.#class, own), join(this.#class, name));
    // After the files: who hears of the link finds them.
    if (wire) await this.#plug(name, address, wire);
  }

  /** Of all netdevs of a PCI function. */
  async removeAll(directory: string): Promise<void> {
    for (const name of await namesIn(directory)) {
      const wire = await wireAt(join(directory, 'net', name));
      await rm(join(this.#class, name), { force: true });
      await rm(join(directory, 'net', name), { recursive: true, force: true });
      if (wire) await unplug(wire);
    }
  }

  /** Deletes the links that stand in, wherever they are. */
  async unplugAll(): Promise<void> {
    for (const name of await readdir(this.#class).catch(() => [])) {
      const wire = await wireAt(join(this.#class, name));
      if (wire) await unplug(wire);
    }
  }

  /** Plugs the card's ends of a PCI function's netdevs into another bridge. */
  async rewire(directory: string, bridge: string): Promise<void> {
    for (const name of await namesIn(directory)) {
      const own = join(directory, 'net', name);
      const wire = await wireAt(own);
      if (!wire) continue;
      await writeFile(join(own, wireFile), JSON.stringify({ ...wire, bridge }));
      await bridgeTo({ ...wire, bridge });
    }
  }

  async #plug(name: string, mac: string, wire: FakeWire): Promise<void> {
    const pair = `type veth peer name ${wire.peer} netns ${wire.netns}`;
    const links = new NetlinkLinks(exec, this.netns);
    await links.batch([`link add ${name} address ${mac} ${pair}`]);
    // A card computes checksums; a veth leaves that to who reads them, which a userspace switch does not do.
    await links.disableOffloads(name, ['tx']);
    await bridgeTo(wire);
  }

  /** By a counter in the tree: several processes may add netdevs to it. */
  async #nextMac(): Promise<string> {
    const file = join(this.#root, 'netdevs-made');
    const number = Number(await readFile(file, 'utf8').catch(() => '0')) + 1;
    await writeFile(file, `${number}`);
    const low = number.toString(16).padStart(4, '0');
    return `${this.macPrefix}:${low.slice(0, 2)}:${low.slice(2)}`;
  }

  get #class(): string {
    return join(this.#root, 'class/net');
  }
}

/** By the card's end: the other may be in a pod. */
async function unplug({ netns, peer }: FakeWire): Promise<void> {
  await new Links(exec, netns).batch([`link del ${peer}`], { force: true }).catch(() => {});
}

async function bridgeTo({ netns, peer, bridge }: FakeWire): Promise<void> {
  const links = new Links(exec, netns);
  await links.batch([`link set ${peer} up`]);
  if (bridge === undefined) return;
  const [failure] = await links.batch([`link add ${bridge} type bridge`], { force: true });
  if (failure && failure.error.code !== 'ALREADY_EXISTS') throw failure.error;
  await links.batch([`link set ${bridge} up`, `link set ${peer} master ${bridge}`]);
}

async function wireAt(directory: string): Promise<FakeWire | undefined> {
  const text = await readFile(join(directory, wireFile), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text);
}

const namesIn = (directory: string): Promise<string[]> => readdir(join(directory, 'net')).catch(() => []);
