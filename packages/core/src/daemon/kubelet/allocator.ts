/** What a container gets with its devices: environment variables, device nodes, and files about them for Multus. */
import { DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import type { PciFunctions } from '../attach/pci-functions.ts';
import type { DeviceInfoFiles } from './device-info.ts';
import type { ContainerAllocateResponse, DeviceSpec } from './device-plugin-api.ts';
import type { DevicePool } from './pool.ts';

export interface AllocatorOptions {
  pool: DevicePool;
  resourceName: string;
  pci: PciFunctions;
  deviceInfo: Pick<DeviceInfoFiles, 'write'>;
  logger: Logger;
}

export class Allocator {
  readonly #options: AllocatorOptions;

  constructor(options: AllocatorOptions) {
    this.#options = options;
  }

  /** @throws DpuError naming the device that cannot be given, and why; then nothing is */
  allocate(ids: readonly string[]): ContainerAllocateResponse {
    const { pool, resourceName, pci } = this.#options;
    for (const id of ids) assertUsable(pool, id);
    const response = { envs: variables(resourceName, ids), devices: deviceNodes(pci, ids) };
    for (const id of ids) this.#describe(id);
    return response;
  }

  /** Without its file the pod only lacks an entry in its `network-status`. */
  #describe(id: string): void {
    const { deviceInfo, logger } = this.#options;
    try {
      deviceInfo.write(id);
    } catch (err) {
      logger.warn({ err, device: id }, 'the device information file is not written');
    }
  }
}

function variables(resourceName: string, ids: readonly string[]): Record<string, string> {
  const list = ids.join(',');
  return {
    DPU_DEVICES: list,
    // As the SR-IOV device plugin names it: tools for DPDK look there.
    [`PCIDEVICE_${resourceName.replaceAll(/[/.]/g, '_').toUpperCase()}`]: list,
    // As the Go operator has it, with a comma behind each.
    'NF-DEV': ids.map((id) => `${id},`).join(''),
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

function assertUsable(pool: DevicePool, id: string): void {
  const device = pool.get(id);
  if (!device) throw new DpuError('INVALID_ARGUMENT', `no DPU of this node has a device ${id}: delete the pod`);
  if (device.healthy) return;
  const hint = `see the conditions of dpu ${device.dpuName}`;
  throw new DpuError('FAILED_PRECONDITION', `device ${id} is unhealthy: ${hint}`);
}
