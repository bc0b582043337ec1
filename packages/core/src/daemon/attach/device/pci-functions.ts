/** PCI functions behind device ids, from sysfs. A read takes some 20 µs and never waits for the kernel's network lock. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gone, type Presence, there, unknown } from '../../presence.ts';

/** What a program outside the kernel drives a PCI function by (Documentation/driver-api/vfio.rst). */
export interface VfioGroup {
  /** Its IOMMU group: `/dev/vfio/<number>`. */
  number: string;
  /** Without an IOMMU the device node is named `noiommu-<number>`. */
  isNoIommu: boolean;
}

/** A virtio device that a PCI function's hardware serves (drivers/vdpa of the kernel). */
export interface VdpaDevice {
  /** In /sys/bus/vdpa/devices, e.g. `vdpa0`. */
  name: string;
  /** Whether a program drives it by a character device, or the kernel's virtio driver. */
  driver: 'vhost' | 'virtio';
  /** `/dev/vhost-vdpa-0` or `/sys/bus/virtio/devices/virtio5` */
  path: string;
}

/** By name of the driver on the vDPA bus: how its device is called below the vDPA device, and where programs find that. */
const vdpaDrivers = {
  vhost_vdpa: { driver: 'vhost', child: /^vhost-vdpa-\d+$/, directory: '/dev' },
  virtio_vdpa: { driver: 'virtio', child: /^virtio\d+$/, directory: '/sys/bus/virtio/devices' },
} as const;

const pciAddressPattern = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;

export const isPciAddress = (deviceId: string): boolean => pciAddressPattern.test(deviceId);

export class PciFunctions {
  readonly #sys: string;

  /** @param sys another root than /sys, for tests */
  constructor(sys = '/sys') {
    this.#sys = sys;
  }

  /** Of a device's id: a PCI address, or the name of a netdev that is in this namespace now. */
  addressOf(deviceId: string): string | undefined {
    if (isPciAddress(deviceId)) return deviceId;
    if (deviceId.includes('/')) return undefined;
    const address = this.#target('class/net', deviceId, 'device');
    return address !== undefined && isPciAddress(address) ? address : undefined;
  }

  /** PCI address of a virtual function's physical function. */
  physicalFunctionOf(address: string): string | undefined {
    return this.#target('bus/pci/devices', address, 'physfn');
  }

  /**
   * Whether the node has the function, wherever its netdev is. A virtual function is gone for certain only where the
   * driver of its physical function runs and has it not: a card that is away, and a driver that is loaded anew, may
   * bring it back.
   */
  presence(address: string, physicalFunction: string | undefined): Presence<string> {
    if (existsSync(join(this.#sys, 'bus/pci/devices', address))) return there(address);
    const driver = physicalFunction && this.#target('bus/pci/devices', physicalFunction, 'driver');
    if (driver !== undefined) return gone;
    const awaited =
      physicalFunction === undefined ? 'it' : `its physical function ${physicalFunction} and the driver of that`;
    return unknown(`PCI function ${address} is away: ${awaited} may come back`);
  }

  /** undefined where the function belongs to none (-1). */
  numaNodeOf(deviceId: string): number | undefined {
    const address = this.addressOf(deviceId);
    const node = address === undefined ? Number.NaN : Number(this.#text('bus/pci/devices', address, 'numa_node'));
    return Number.isInteger(node) && node >= 0 ? node : undefined;
  }

  /** Whether a program outside the kernel drives the function, so that it has no netdev. */
  isBoundToVfio(address: string): boolean {
    // Next to vfio-pci there are variants of it by vendors, such as mlx5_vfio_pci.
    return /(^|[-_])vfio[-_]pci$/.test(this.#target('bus/pci/devices', address, 'driver') ?? '');
  }

  vfioGroupOf(address: string): VfioGroup | undefined {
    const number = this.#target('bus/pci/devices', address, 'iommu_group');
    if (number === undefined) return undefined;
    const name = this.#text('bus/pci/devices', address, 'iommu_group/name');
    return { number, isNoIommu: name === 'vfio-noiommu' };
  }

  /** The first one of a PCI function that a driver of the vDPA bus has. */
  vdpaDeviceOf(address: string): VdpaDevice | undefined {
    const bus = 'bus/vdpa/devices';
    for (const name of this.#names(bus)) {
      // The function's own device, or one between the two on the auxiliary bus, is its parent.
      if (!this.#link(bus, name)?.split('/').includes(address)) continue;
      const known = Object.entries(vdpaDrivers).find(([driver]) => driver === this.#target(bus, name, 'driver'))?.[1];
      const child = known && this.#names(`${bus}/${name}`).find((one) => known.child.test(one));
      if (known && child) return { name, driver: known.driver, path: `${known.directory}/${child}` };
    }
    return undefined;
  }

  #names(path: string): string[] {
    try {
      return readdirSync(join(this.#sys, path)).sort();
    } catch {
      return [];
    }
  }

  #target(...path: string[]): string | undefined {
    const link = this.#link(...path);
    return link === undefined ? undefined : basename(link);
  }

  #link(...path: string[]): string | undefined {
    try {
      return readlinkSync(join(this.#sys, ...path));
    } catch {
      return undefined;
    }
  }

  /** undefined where there is none. */
  #text(...path: string[]): string | undefined {
    try {
      return readFileSync(join(this.#sys, ...path), 'utf8').trim();
    } catch {
      return undefined;
    }
  }
}
