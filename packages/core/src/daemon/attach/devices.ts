/** Devices by id: what sysfs says about them. A read takes some 20 µs and never waits for the kernel's network lock. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CniError, cniCodes } from './errors.ts';

export interface HostDevice {
  name: string;
  mac: string;
  mtu: number;
  pciAddress?: string;
  /** The netdev of the PF and the number of this VF in it, for SR-IOV virtual functions. */
  physicalFunction?: { netdev: string; vf: number };
}

const pciAddressPattern = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;

export class Devices {
  readonly #sys: string;

  /** @param sys another root than /sys, for tests */
  constructor(sys = '/sys') {
    this.#sys = sys;
  }

  /** @throws CniError when the device has no netdev in this namespace */
  read(deviceId: string): HostDevice {
    const name = this.netdevOf(deviceId);
    if (name === undefined) throw unusable(deviceId, pciAddressPattern.test(deviceId));
    const pciAddress = pciAddressPattern.test(deviceId) ? deviceId : this.#pciAddressOf(name);
    const physicalFunction = pciAddress === undefined ? undefined : this.#physicalFunctionOf(pciAddress);
    return {
      name,
      mac: this.#text('class/net', name, 'address'),
      mtu: Number(this.#text('class/net', name, 'mtu')),
      ...(pciAddress !== undefined && { pciAddress }),
      ...(physicalFunction && { physicalFunction }),
    };
  }

  /** The netdev of a PCI address or of a netdev name, if it is in this namespace now. */
  netdevOf(deviceId: string): string | undefined {
    if (!pciAddressPattern.test(deviceId)) return this.#exists(deviceId) ? deviceId : undefined;
    try {
      return readdirSync(join(this.#sys, 'bus/pci/devices', deviceId, 'net'))[0];
    } catch {
      return undefined;
    }
  }

  /** Whether the node has a PCI function at an address, wherever its netdev is. */
  isPresent(pciAddress: string): boolean {
    return pciAddressPattern.test(pciAddress) && existsSync(join(this.#sys, 'bus/pci/devices', pciAddress));
  }

  #pciAddressOf(netdev: string): string | undefined {
    try {
      const address = basename(readlinkSync(join(this.#sys, 'class/net', netdev, 'device')));
      return pciAddressPattern.test(address) ? address : undefined;
    } catch {
      return undefined;
    }
  }

  #physicalFunctionOf(pciAddress: string): { netdev: string; vf: number } | undefined {
    try {
      const pf = basename(readlinkSync(join(this.#sys, 'bus/pci/devices', pciAddress, 'physfn')));
      const entries = readdirSync(join(this.#sys, 'bus/pci/devices', pf));
      const link = entries
        .filter((name) => name.startsWith('virtfn'))
        .find((name) => basename(readlinkSync(join(this.#sys, 'bus/pci/devices', pf, name))) === pciAddress);
      const netdev = this.netdevOf(pf);
      return link && netdev ? { netdev, vf: Number(link.slice('virtfn'.length)) } : undefined;
    } catch {
      return undefined;
    }
  }

  #exists(name: string): boolean {
    return !name.includes('/') && existsSync(join(this.#sys, 'class/net', name));
  }

  #text(...path: string[]): string {
    return readFileSync(join(this.#sys, ...path), 'utf8').trim();
  }
}

function unusable(deviceId: string, pci: boolean): CniError {
  const why = pci
    ? `PCI device ${deviceId} has no network interface on this node: is it bound to its kernel driver (not vfio-pci)?`
    : `there is no network interface ${deviceId} on this node: the VSP must bring it back; see its vsp pod`;
  return new CniError(cniCodes.deviceUnusable, why);
}
