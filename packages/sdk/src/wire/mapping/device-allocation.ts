/** What a container gets with its devices: wire <-> contract. */
import type { AllocatedDeviceNode, AllocatedMount, DeviceAllocation } from '../../contract/contract.ts';
import type {
  AllocateDevicesResponse,
  AllocateDevicesResponse__Output,
} from '../../generated/dpu_operator/v1/AllocateDevicesResponse.ts';

export function allocationToWire(allocation: DeviceAllocation): AllocateDevicesResponse {
  const { env = {}, mounts = [], deviceNodes = [], cdiDevices = [] } = allocation;
  return { env, mounts: [...mounts], deviceNodes: [...deviceNodes], cdiDevices: [...cdiDevices] };
}

/** As it came, its defaults filled in: nothing of it is checked. */
export function allocationFromWire({ env, mounts, deviceNodes, cdiDevices }: AllocateDevicesResponse__Output) {
  const allocation = {
    env,
    mounts: mounts.map(({ hostPath, containerPath, readOnly }): Required<AllocatedMount> => {
      return { hostPath, containerPath: containerPath || hostPath, readOnly };
    }),
    deviceNodes: deviceNodes.map(({ hostPath, containerPath, permissions }): Required<AllocatedDeviceNode> => {
      const access = (permissions || 'rw') as AllocatedDeviceNode['permissions'] & string;
      return { hostPath, containerPath: containerPath || hostPath, permissions: access };
    }),
    cdiDevices,
  };
  return allocation satisfies DeviceAllocation;
}
