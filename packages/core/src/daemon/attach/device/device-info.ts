/**
 * Device Information, as Multus puts it into a pod's `network-status`
 * (https://github.com/k8snetworkplumbingwg/device-info-spec, version 1.1.0). The specification has kinds for PCI, vDPA,
 * vhost-user and memif devices; a device without a PCI function has none.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { PciFunctions } from './pci-functions.ts';

export type DeviceInfo = PciInfo | VdpaInfo;

interface PciPlace {
  'pci-address': string;
  'pf-pci-address'?: string;
}

export interface PciInfo {
  type: 'pci';
  version: '1.1.0';
  pci: PciPlace;
}

export interface VdpaInfo {
  type: 'vdpa';
  version: '1.1.0';
  vdpa: PciPlace & {
    'parent-device': string;
    driver: 'vhost' | 'virtio';
    path: string;
  };
}

/** A function through which a vDPA device goes is told as that: its pod has no use for the function itself. */
export function deviceInfoOf(pciAddress: string, pci: PciFunctions): DeviceInfo {
  const place: PciPlace = omitUndefined({
    'pci-address': pciAddress,
    'pf-pci-address': pci.physicalFunctionOf(pciAddress),
  });
  const vdpa = pci.vdpaDeviceOf(pciAddress);
  if (!vdpa) return { type: 'pci', version: '1.1.0', pci: place };
  const { name, driver, path } = vdpa;
  return { type: 'vdpa', version: '1.1.0', vdpa: { 'parent-device': name, driver, path, ...place } };
}

/** The file of one attachment. One that is there already holds what the device plugin said, and stays. */
export function writeCniDeviceInfo(path: string, info: DeviceInfo): void {
  mkdirSync(dirname(path), { recursive: true });
  try {
    writeFileSync(path, JSON.stringify(info), { flag: 'wx', mode: 0o644 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
