/**
 * The PCI part of a fake sysfs: `devices/pci<domain>:<bus>/<address>` (below its bridge, where it has one) with its link in
 * `bus/pci/devices`. All that is known of it is in the tree: several processes may work on it, one after the other.
 */
import { mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { DpuError } from '../errors.ts';
import { omitUndefined } from '../omit-undefined.ts';
import { configSpace, vpdOf } from './config-space.ts';
import type { FakeNetdevs } from './fake-netdevs.ts';
import type { FakePciFunction, FakeSriov, FakeWire } from './machine.ts';
import { formatPciAddress, parsePciAddress } from './pci-address.ts';
import { vfSettingsIn } from './vf-settings.ts';

/** Of a function: what it was made of. */
const descriptionFile = 'stand-in.json';

export class PciTree {
  readonly #root: string;
  readonly #netdevs: FakeNetdevs;

  constructor(root: string, netdevs: FakeNetdevs) {
    this.#root = root;
    this.#netdevs = netdevs;
  }

  /** @throws DpuError ALREADY_EXISTS when the address is taken, INVALID_ARGUMENT when it is none. */
  async add(pci: FakePciFunction): Promise<void> {
    const { address, behind, sriov, driver } = pci;
    parsePciAddress(address);
    if ((await this.#placeOf(address)) !== undefined)
      throw new DpuError('ALREADY_EXISTS', `fakeSysfs has a function ${address} already`);
    const parent = behind === undefined ? `devices/${hostBridge(address)}` : await this.#placeOf(behind);
    if (parent === undefined)
      throw new DpuError('NOT_FOUND', `fakeSysfs has no function ${behind} for ${address} to be behind`);
    const directory = join(this.#root, parent, address);
    await mkdir(directory, { recursive: true });
    const files = {
      vendor: `0x${pci.vendor}\n`,
      device: `0x${pci.device}\n`,
      class: `0x${pci.class ?? '020000'}\n`,
      subsystem_vendor: `0x${pci.subsystem?.vendor ?? '0000'}\n`,
      subsystem_device: `0x${pci.subsystem?.device ?? '0000'}\n`,
      numa_node: `${pci.numaNode ?? -1}\n`,
      config: configSpace(pci),
      [descriptionFile]: JSON.stringify(pci),
      ...(pci.vpdSerial !== undefined && { vpd: vpdOf(pci.vpdSerial) }),
      ...(sriov && sriovFiles(sriov)),
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
    if (driver !== undefined) await this.#bind(directory, driver);
    await mkdir(this.#bus, { recursive: true });
    await symlink(relative(this.#bus, directory), join(this.#bus, address));
    for (const netdev of pci.netdevs ?? []) await this.#netdevs.add(directory, netdev);
  }

  /** With its netdevs. */
  async remove(address: string): Promise<void> {
    const directory = await this.#directory(address);
    await this.#netdevs.removeAll(directory);
    await rm(join(this.#bus, address), { force: true });
    await rm(directory, { recursive: true, force: true });
  }

  /** Makes virtual functions with the links between them and their physical function, or removes all. */
  async setVirtualFunctions(physical: string, count: number): Promise<void> {
    const { sriov, ...pci } = await this.#describe(physical);
    const there = await this.#virtualFunctions(physical);
    if (!sriov || there.length === count) return;
    for (const [index, address] of there.entries()) {
      await rm(join(await this.#directory(physical), `virtfn${index}`));
      await this.remove(address);
    }
    const { domain, routingId } = parsePciAddress(physical);
    const { device, driver, offset = 16, stride = 1 } = sriov;
    const { vendor, numaNode, class: pciClass, behind } = pci;
    for (let index = 0; index < count; index++) {
      const address = formatPciAddress({ domain, routingId: routingId + offset + index * stride });
      await this.add({
        address,
        vendor,
        device,
        ...omitUndefined({ driver, class: pciClass, numaNode, behind }),
      });
      await symlink(join('..', physical), join(await this.#directory(address), 'physfn'));
      await symlink(join('..', address), join(await this.#directory(physical), `virtfn${index}`));
    }
    if (!sriov.heldBack) await this.probe(physical);
  }

  /** Gives netdevs to those virtual functions that have none, as their driver does. */
  async probe(physical: string): Promise<void> {
    const { sriov, netdevs } = await this.#describe(physical);
    const template = sriov?.netdev ?? (netdevs?.[0] && `${netdevs[0].name}v{vf}`);
    if (!sriov || template === undefined) return;
    for (const [vf, address] of (await this.#virtualFunctions(physical)).entries()) {
      const directory = await this.#directory(address);
      if ((await readdir(join(directory, 'net')).catch(() => [])).length > 0) continue;
      const name = fill(template, vf, 0);
      // A card keeps the VLAN that was set before the driver came.
      const { vlan } = await vfSettingsIn(directory);
      const wire = sriov.wire && wireOf(sriov.wire, vf, vlan?.id ?? 0);
      await this.#netdevs.add(directory, { name, ...(wire && { wire }) });
    }
  }

  /** Does to the link of a virtual function what a VLAN of its physical function's does. */
  async setVlan(physical: string, vf: number, vlan: number): Promise<void> {
    const { sriov } = await this.#describe(physical);
    if (!sriov?.wire?.bridge) return;
    const address = (await this.#virtualFunctions(physical))[vf] ?? '';
    await this.#netdevs.rewire(await this.#directory(address), fill(sriov.wire.bridge, vf, vlan));
  }

  /** @throws DpuError NOT_FOUND */
  async #directory(address: string): Promise<string> {
    const place = await this.#placeOf(address);
    if (place === undefined) throw new DpuError('NOT_FOUND', `fakeSysfs has no function ${address}`);
    return join(this.#root, place);
  }

  /** Below the root of the tree. */
  async #placeOf(address: string): Promise<string | undefined> {
    const link = await readlink(join(this.#bus, address)).catch(() => undefined);
    return link && relative(this.#root, join(this.#bus, link));
  }

  async #describe(address: string): Promise<FakePciFunction> {
    return JSON.parse(await readFile(join(await this.#directory(address), descriptionFile), 'utf8'));
  }

  /** Addresses by their index. */
  async #virtualFunctions(physical: string): Promise<string[]> {
    const directory = await this.#directory(physical);
    const count = (await readdir(directory)).filter((name) => /^virtfn\d+$/.test(name)).length;
    const links = Array.from({ length: count }, (_, index) => readlink(join(directory, `virtfn${index}`)));
    return (await Promise.all(links)).map((link) => basename(link));
  }

  async #bind(directory: string, driver: string): Promise<void> {
    const drivers = join(this.#root, 'bus/pci/drivers', driver);
    await mkdir(drivers, { recursive: true });
    await symlink(relative(directory, drivers), join(directory, 'driver'));
  }

  get #bus(): string {
    return join(this.#root, 'bus/pci/devices');
  }
}

/** Virtual functions of one card may lie on other buses, yet all are siblings below one host bridge. */
function hostBridge(address: string): string {
  return `pci${address.slice(0, 4)}:00`;
}

function sriovFiles({ totalVfs, device, offset = 16, stride = 1 }: FakeSriov): Record<string, string> {
  const values = { totalvfs: totalVfs, numvfs: 0, offset, stride, vf_device: device };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`sriov_${name}`, `${value}\n`]));
}

function wireOf({ netns, peer, bridge }: FakeWire, vf: number, vlan: number): FakeWire {
  return { netns, peer: fill(peer, vf, vlan), ...(bridge && { bridge: fill(bridge, vf, vlan) }) };
}

function fill(template: string, vf: number, vlan: number): string {
  return template.replace('{vf}', `${vf}`).replace('{vlan}', `${vlan}`);
}
