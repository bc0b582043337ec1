/** Devices by id: what sysfs says about them. A read takes some 20 µs and never waits for the kernel's network lock. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isRepresentorPort } from '@dpu-operator/sdk/linux';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import { CniError, cniCodes } from '../../../cni-error.ts';
import { isPciAddress, PciFunctions } from './pci-functions.ts';
import { unsetMac } from './vfio-device.ts';

export interface HostDevice {
  name: string;
  mac: string;
  mtu: number;
  pciAddress?: string;
  /** Of a virtual function: the PCI address of its physical function. */
  pfAddress?: string;
  /** The netdev of the PF and the number of this VF in it, for SR-IOV virtual functions. */
  physicalFunction?: { netdev: string; vf: number };
  /** Bound to vfio-pci: there is no netdev, and `name` is the PCI address. */
  vfio?: true;
}

export class Devices {
  readonly #sys: string;
  readonly #net: string;
  readonly pci: PciFunctions;

  /**
   * @param sys another root than /sys, for tests
   * @param kernel the root that has the netdevs, where the other tells of cards that are not there
   */
  constructor(sys = '/sys', kernel = sys) {
    this.#sys = sys;
    this.#net = join(kernel, 'class/net');
    this.pci = new PciFunctions(sys);
  }

  /** @throws CniError when the device has no netdev in this namespace and is not bound to vfio-pci */
  read(deviceId: string): HostDevice {
    const vfio = this.#readVfio(deviceId);
    if (vfio) return vfio;
    const name = this.netdevOf(deviceId);
    if (name === undefined) throw unusable(deviceId, isPciAddress(deviceId));
    const pciAddress = this.pci.addressOf(deviceId);
    const pfAddress = pciAddress === undefined ? undefined : this.pci.physicalFunctionOf(pciAddress);
    return omitUndefined({
      name,
      mac: this.#text(name, 'address'),
      mtu: this.#mtuOf(name),
      pciAddress,
      pfAddress,
      physicalFunction: pciAddress === undefined ? undefined : this.#physicalFunctionOf(pciAddress, pfAddress),
    });
  }

  /** Its MTU is that of its port. */
  #readVfio(deviceId: string): HostDevice | undefined {
    const pciAddress = this.pci.addressOf(deviceId);
    if (pciAddress === undefined || !this.pci.isBoundToVfio(pciAddress)) return undefined;
    const pfAddress = this.pci.physicalFunctionOf(pciAddress);
    const physicalFunction = this.#physicalFunctionOf(pciAddress, pfAddress);
    if (pfAddress === undefined || !physicalFunction) {
      const why = 'its physical function, which sets its MAC address, has no network interface on this node';
      throw new CniError(cniCodes.deviceUnusable, `PCI device ${pciAddress} is bound to vfio-pci, but ${why}`);
    }
    return {
      name: pciAddress,
      mac: unsetMac,
      mtu: this.#mtuOf(physicalFunction.netdev),
      pciAddress,
      pfAddress,
      physicalFunction,
      vfio: true,
    };
  }

  /**
   * The netdev of a PCI address or of a netdev name, if it is in this namespace now. A physical function may have the
   * representors of its VFs beside its own netdev, which is the uplink. The tree of a card that is not there lists netdevs
   * that are in a pod, too.
   */
  netdevOf(deviceId: string): string | undefined {
    if (!isPciAddress(deviceId)) return this.#exists(deviceId) ? deviceId : undefined;
    try {
      const names = readdirSync(join(this.#sys, 'bus/pci/devices', deviceId, 'net')).sort();
      return names.find((name) => this.#exists(name) && !isRepresentorPort(this.#physPortNameOf(name)));
    } catch {
      return undefined;
    }
  }

  #physicalFunctionOf(pciAddress: string, pf: string | undefined): HostDevice['physicalFunction'] | undefined {
    if (pf === undefined) return undefined;
    try {
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

  /** '' where the driver names none: reading it fails then. */
  #physPortNameOf(netdev: string): string {
    try {
      return this.#text(netdev, 'phys_port_name');
    } catch {
      return '';
    }
  }

  #mtuOf(netdev: string): number {
    return Number(this.#text(netdev, 'mtu'));
  }

  #exists(name: string): boolean {
    return !name.includes('/') && existsSync(join(this.#net, name));
  }

  /** Of a netdev. */
  #text(netdev: string, file: string): string {
    return readFileSync(join(this.#net, netdev, file), 'utf8').trim();
  }
}

function unusable(deviceId: string, pci: boolean): CniError {
  const why = pci
    ? `PCI device ${deviceId} has no network interface on this node: is it bound to its kernel driver?`
    : `there is no network interface ${deviceId} on this node: the VSP must bring it back; see its vsp pod`;
  return new CniError(cniCodes.deviceUnusable, why);
}
