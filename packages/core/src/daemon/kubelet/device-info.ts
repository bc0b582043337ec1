/** Device Information files of the device plugin, which Multus finds by resource name and device id. */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { acceleratedResource, networkResource, resourceName } from '../../api/index.ts';
import { deviceInfoOf } from '../attach/device/device-info.ts';
import type { PciFunctions } from '../attach/device/pci-functions.ts';

export interface DeviceInfoFilesOptions {
  /** Where device plugins write theirs: /var/run/k8s.cni.cncf.io/devinfo/dp on a node. */
  directory: string;
  pci: PciFunctions;
}

/**
 * The files of this node's devices. A file says what its device is, not who has it. So it stays when a pod goes, whose
 * DEL may come after the kubelet has given the device to the next one.
 */
export class DeviceInfoFiles {
  readonly #options: DeviceInfoFilesOptions;

  constructor(options: DeviceInfoFilesOptions) {
    this.#options = options;
  }

  /** Of a device without a PCI function there is nothing to say. */
  write(resource: string, deviceId: string): void {
    const { directory, pci } = this.#options;
    const address = pci.addressOf(deviceId);
    if (address === undefined) return;
    mkdirSync(directory, { recursive: true });
    const path = join(directory, `${withoutSlash(resource)}-${withoutSlash(deviceId)}-device.json`);
    const draft = `${path}.draft`;
    writeFileSync(draft, JSON.stringify(deviceInfoOf(address, pci)), { mode: 0o644 });
    renameSync(draft, path);
  }

  /** When the operator is uninstalled: of all devices, also of those that are gone. */
  removeAll(): void {
    const { directory } = this.#options;
    for (const name of namesIn(directory)) {
      if (ownPrefixes.some((prefix) => name.startsWith(prefix))) rmSync(join(directory, name), { force: true });
    }
  }
}

/** Of every resource that there may have been. */
const ownPrefixes = [
  `${withoutSlash(resourceName)}-`,
  `${withoutSlash(acceleratedResource)}-`,
  withoutSlash(networkResource('')),
];

function withoutSlash(text: string): string {
  return text.replaceAll('/', '-');
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
