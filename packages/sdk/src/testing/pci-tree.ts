/** The PCI part of a fake sysfs: `devices/pci<domain>:<bus>/<address>` (below its bridge, where it has one) with its link in `bus/pci/devices`. */
import { mkdir, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DpuError } from '../errors.ts';
import { formatPciAddress, parsePciAddress } from './pci-address.ts';
import type { FakePciFunction, FakeSriov } from './sysfs.ts';

/** Bytes of an extended configuration space (PCI Express). */
const configBytes = 4096;

export class PciTree {
  readonly #root: string;
  readonly #functions = new Map<string, FakePciFunction>();
  readonly #places = new Map<string, string>();
  /** Addresses of virtual functions by that of their physical one. */
  readonly #vfs = new Map<string, string[]>();
  #netdevs = 0;

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws DpuError ALREADY_EXISTS when the address is taken, INVALID_ARGUMENT when it is none. */
  async add(pci: FakePciFunction): Promise<void> {
    const { address, sriov } = pci;
    parsePciAddress(address);
    if (this.#functions.has(address))
      throw new DpuError('ALREADY_EXISTS', `fakeSysfs has a function ${address} already`);
    const { behind } = pci;
    if (behind !== undefined && !this.#functions.has(behind))
      throw new DpuError('NOT_FOUND', `fakeSysfs has no function ${behind} for ${address} to be behind`);
    const parent = behind === undefined ? `devices/${hostBridge(address)}` : this.#place(behind);
    this.#places.set(address, `${parent}/${address}`);
    const directory = this.#directory(address);
    await mkdir(directory, { recursive: true });
    const files = [
      ['vendor', `0x${pci.vendor}\n`],
      ['device', `0x${pci.device}\n`],
      ['class', `0x${pci.class ?? '020000'}\n`],
      ['subsystem_vendor', `0x${pci.subsystem?.vendor ?? '0000'}\n`],
      ['subsystem_device', `0x${pci.subsystem?.device ?? '0000'}\n`],
      ['numa_node', `${pci.numaNode ?? -1}\n`],
      ['config', configSpace(pci)],
      ...(pci.vpdSerial === undefined ? [] : ([['vpd', vpdOf(pci.vpdSerial)]] as const)),
      ...(sriov ? sriovFiles(sriov) : []),
    ] as const;
    for (const [name, content] of files) await writeFile(join(directory, name), content);
    for (const { name, mac } of pci.netdevs ?? []) await this.#addNetdev(address, name, mac ?? this.#nextMac());
    await mkdir(join(this.#root, 'bus/pci/devices'), { recursive: true });
    await symlink(join('../../..', this.#place(address)), this.#link(address));
    this.#functions.set(address, pci);
  }

  /** Takes over what is in the tree already: such a function, and its virtual ones. */
  async adopt(pci: FakePciFunction): Promise<void> {
    const { address, behind } = pci;
    const parent = behind === undefined ? `devices/${hostBridge(address)}` : this.#place(behind);
    this.#places.set(address, `${parent}/${address}`);
    this.#functions.set(address, pci);
    this.#netdevs += pci.netdevs?.length ?? 0;
    const vfs: string[] = [];
    const names = (await readdir(this.#directory(address))).filter((name) => /^virtfn\d+$/.test(name));
    for (let index = 0; index < names.length; index++) {
      const vf = basename(await readlink(join(this.#directory(address), `virtfn${index}`)));
      const [name] = await readdir(join(this.#root, 'bus/pci/devices', vf, 'net')).catch(() => []);
      const { vendor, sriov } = pci;
      const netdevs = name === undefined ? [] : [{ name }];
      await this.adopt({ address: vf, vendor, device: sriov?.device ?? '', netdevs, ...(behind && { behind }) });
      vfs.push(vf);
    }
    this.#vfs.set(address, vfs);
  }

  async remove(address: string): Promise<void> {
    const pci = this.#functions.get(address);
    if (!pci) throw new DpuError('NOT_FOUND', `fakeSysfs has no function ${address}`);
    for (const { name } of pci.netdevs ?? []) await rm(join(this.#root, 'class/net', name), { force: true });
    await rm(this.#link(address), { force: true });
    await rm(this.#directory(address), { recursive: true, force: true });
    this.#functions.delete(address);
    this.#places.delete(address);
  }

  /** Makes virtual functions with the links between them and their physical function, or removes all. */
  async setVirtualFunctions(physical: string, count: number): Promise<void> {
    const pci = this.#functions.get(physical);
    if (!pci) throw new DpuError('NOT_FOUND', `fakeSysfs has no function ${physical}`);
    const there = this.#vfs.get(physical) ?? [];
    if (!pci.sriov || there.length === count) return;
    for (const [index, address] of there.entries()) {
      await rm(join(this.#directory(physical), `virtfn${index}`));
      await this.remove(address);
    }
    const { device, offset = 16, stride = 1 } = pci.sriov;
    const { domain, routingId } = parsePciAddress(physical);
    const addresses = Array.from({ length: count }, (_, index) =>
      formatPciAddress({ domain, routingId: routingId + offset + index * stride }),
    );
    const netdev = pci.netdevs?.[0];
    for (const [index, address] of addresses.entries()) {
      const netdevs = netdev && [{ name: `${netdev.name}v${index}` }];
      const { vendor, numaNode, class: pciClass } = pci;
      await this.add({
        address,
        vendor,
        device,
        ...(pciClass && { class: pciClass }),
        ...(numaNode !== undefined && { numaNode }),
        ...(pci.behind && { behind: pci.behind }),
        ...(netdevs && { netdevs }),
      });
      await symlink(join('..', physical), join(this.#directory(address), 'physfn'));
      await symlink(join('..', address), join(this.#directory(physical), `virtfn${index}`));
    }
    this.#vfs.set(physical, addresses);
  }

  async #addNetdev(address: string, name: string, mac: string): Promise<void> {
    const directory = join(this.#directory(address), 'net', name);
    await mkdir(directory, { recursive: true });
    await writeFile(join(directory, 'address'), `${mac}\n`);
    await mkdir(join(this.#root, 'class/net'), { recursive: true });
    await symlink(join('../..', this.#place(address), 'net', name), join(this.#root, 'class/net', name));
  }

  #nextMac(): string {
    const low = (++this.#netdevs).toString(16).padStart(4, '0');
    return `02:00:00:00:${low.slice(0, 2)}:${low.slice(2)}`;
  }

  #directory(address: string): string {
    return join(this.#root, this.#place(address));
  }

  /** Below the root of the tree. */
  #place(address: string): string {
    return this.#places.get(address) ?? `devices/${hostBridge(address)}/${address}`;
  }

  #link(address: string): string {
    return join(this.#root, 'bus/pci/devices', address);
  }
}

/** Virtual functions of one card may lie on other buses, yet all are siblings below one host bridge. */
function hostBridge(address: string): string {
  return `pci${address.slice(0, 4)}:00`;
}

function sriovFiles({ totalVfs, device, offset = 16, stride = 1 }: FakeSriov): [string, string][] {
  const values = { totalvfs: totalVfs, numvfs: 0, offset, stride, vf_device: device };
  return Object.entries(values).map(([name, value]) => [`sriov_${name}`, `${value}\n`]);
}

/** Vendor and device id, class and serial numbers where the PCI specification has them, all little-endian. */
function configSpace({ vendor, device, class: pciClass = '020000', serial, dsn }: FakePciFunction): Buffer {
  const config = Buffer.alloc(configBytes);
  config.writeUInt16LE(Number.parseInt(vendor, 16), 0);
  config.writeUInt16LE(Number.parseInt(device, 16), 2);
  config.writeUIntLE(Number.parseInt(pciClass, 16), 9, 3);
  if (serial) Buffer.from(serial.hex, 'hex').copy(config, serial.offset);
  if (dsn !== undefined) writeDsn(config, dsn);
  return config;
}

/** Behind one of advanced error reporting, as on real cards. */
function writeDsn(config: Buffer, dsn: string): void {
  const [aer, capability] = [0x100, 0x150];
  config.writeUInt32LE(0x0002_0001 + capability * 0x10_0000, aer);
  config.writeUInt32LE(0x0001_0003, capability);
  Buffer.from(dsn, 'hex')
    .reverse()
    .copy(config, capability + 4);
}

/** A name, then the read-only part with the serial number, then the end (PCI Local Bus Specification 3.0, appendix I). */
function vpdOf(serial: string): Buffer {
  const field = (name: string, value: string) =>
    Buffer.concat([Buffer.from(`${name}${String.fromCharCode(value.length)}`), Buffer.from(value)]);
  const large = (tag: number, body: Buffer) =>
    Buffer.concat([Buffer.from([tag, body.length & 0xff, body.length >> 8]), body]);
  const readOnly = Buffer.concat([field('PN', 'FAKE-1'), field('SN', serial)]);
  return Buffer.concat([large(0x82, Buffer.from('Fake card')), large(0x90, readOnly), Buffer.from([0x78])]);
}
