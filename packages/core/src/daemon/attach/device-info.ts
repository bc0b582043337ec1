/**
 * Device Information, as Multus puts it into a pod's `network-status`
 * (https://github.com/k8snetworkplumbingwg/device-info-spec, version 1.1.0). The specification has kinds for PCI, vDPA,
 * vhost-user and memif devices; a device without a PCI function has none.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { PciFunctions } from './pci-functions.ts';

export interface DeviceInfo {
  type: 'pci';
  version: '1.1.0';
  pci: { 'pci-address': string; 'pf-pci-address'?: string };
}

export function deviceInfoOf(pciAddress: string, pci: PciFunctions): DeviceInfo {
  const physicalFunction = pci.physicalFunctionOf(pciAddress);
  return {
    type: 'pci',
    version: '1.1.0',
    pci: {
      'pci-address': pciAddress,
      ...(physicalFunction !== undefined && { 'pf-pci-address': physicalFunction }),
    },
  };
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
