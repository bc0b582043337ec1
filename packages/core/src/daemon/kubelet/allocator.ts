/**
 * What a container gets with its devices: environment variables, device nodes, what plugins add to that, and files about
 * the devices for Multus.
 */
import { type DeviceAllocation, DpuError } from '@dpu-operator/sdk';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { Logger } from 'pino';
import { deviceVariable } from '../../api/index.ts';
import type { PciFunctions } from '../attach/device/pci-functions.ts';
import type { DeviceInfoFiles } from './device-info.ts';
import type { ContainerAllocateResponse, DeviceSpec } from './device-plugin-api.ts';
import type { PooledDevice, ResourceDevices } from './pool.ts';
import { withVendorAllocations } from './vendor-allocation.ts';

export interface AllocatorOptions {
  pool: ResourceDevices;
  resourceName: string;
  pci: PciFunctions;
  deviceInfo: Pick<DeviceInfoFiles, 'write'>;
  /** What a DPU's plugin adds for its devices; undefined where it has no say. */
  askVendor: (dpuName: string, deviceIds: readonly string[]) => Promise<DeviceAllocation | undefined>;
  logger: Logger;
}

export class Allocator {
  readonly #options: AllocatorOptions;

  constructor(options: AllocatorOptions) {
    this.#options = options;
  }

  /** @throws DpuError naming the device that cannot be given, or what its plugin adds to it, and why; then nothing is */
  async allocate(ids: readonly string[]): Promise<ContainerAllocateResponse> {
    const { pool, resourceName, pci } = this.#options;
    const devices = ids.map((id) => usable(pool, id));
    const own = {
      envs: variables(resourceName, devices),
      mounts: [],
      devices: deviceNodes(pci, ids),
      cdi_devices: [],
    };
    const response = withVendorAllocations(own, await this.#vendorAllocations(devices));
    for (const id of ids) this.#describe(id);
    return response;
  }

  async #vendorAllocations(devices: readonly PooledDevice[]) {
    const byDpu = [...Map.groupBy(devices, ({ dpuName }) => dpuName)];
    const answers = byDpu.map(async ([dpuName, some]) => {
      const ids = some.map(({ id }) => id);
      return { dpuName, allocation: (await this.#options.askVendor(dpuName, ids)) ?? {} };
    });
    return Promise.all(answers);
  }

  /** Without its file the pod only lacks an entry in its `network-status`. */
  #describe(id: string): void {
    const { deviceInfo, resourceName, logger } = this.#options;
    try {
      deviceInfo.write(resourceName, id);
    } catch (err) {
      logger.warn({ err, device: id }, 'the device information file is not written');
    }
  }
}

function variables(resourceName: string, devices: readonly PooledDevice[]): Record<string, string> {
  const ids = devices.map(({ id }) => id);
  const list = ids.join(',');
  const told = devices.filter(({ kind, attributes }) => kind !== undefined || attributes !== undefined);
  const info = told.map(({ id, kind, numaNode, attributes }) => [id, omitUndefined({ kind, numaNode, attributes })]);
  return {
    DPU_DEVICES: list,
    [deviceVariable(resourceName)]: list,
    // As the Go operator has it, with a comma behind each.
    'NF-DEV': ids.map((id) => `${id},`).join(''),
    ...(info.length > 0 && { DPU_DEVICE_INFO: JSON.stringify(Object.fromEntries(info)) }),
  };
}

/** Of devices bound to vfio-pci: the node of VFIO itself, and that of each IOMMU group once. */
function deviceNodes(pci: PciFunctions, ids: readonly string[]): DeviceSpec[] {
  const groups = new Map<string, DeviceSpec>();
  for (const id of ids) {
    const address = pci.addressOf(id);
    if (address === undefined || !pci.isBoundToVfio(address)) continue;
    const group = pci.vfioGroupOf(address);
    if (!group) {
      const why = 'it is bound to vfio-pci but has no IOMMU group: turn the IOMMU of the node on';
      throw new DpuError('FAILED_PRECONDITION', `device ${id}: ${why}`);
    }
    const { number, isNoIommu } = group;
    groups.set(number, deviceNode(`/dev/vfio/${number}`, `/dev/vfio/${isNoIommu ? 'noiommu-' : ''}${number}`));
  }
  return groups.size === 0 ? [] : [deviceNode('/dev/vfio/vfio'), ...groups.values()];
}

const deviceNode = (inContainer: string, onHost = inContainer): DeviceSpec => ({
  container_path: inContainer,
  host_path: onHost,
  permissions: 'rw',
});

function usable(pool: ResourceDevices, id: string): PooledDevice {
  const device = pool.get(id);
  if (!device) throw new DpuError('INVALID_ARGUMENT', `no DPU of this node has a device ${id}: delete the pod`);
  if (device.healthy) return device;
  const why = device.reason ? ` (${device.reason})` : '';
  const hint = `see the conditions of dpu ${device.dpuName}`;
  throw new DpuError('FAILED_PRECONDITION', `device ${id} is unhealthy${why}: ${hint}`);
}
