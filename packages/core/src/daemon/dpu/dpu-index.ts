/** What the attach engine asks of this node's DPUs. */
import type { VfPosition } from '@dpu-operator/sdk/linux';
import type { DeviceEntry, DpuEntry, DpuIndex, Side } from '../attach/collaborators.ts';
import { there } from '../presence.ts';
import type { DpuManager } from './dpu-manager.ts';
import type { ManagedDpus } from './managed-dpus.ts';
import type { NodeDpus } from './node-dpus.ts';

export function dpuIndex(
  dpus: Pick<ManagedDpus, 'manager' | 'managers'>,
  nodeDpus: Pick<NodeDpus, 'sides' | 'presence'>,
): DpuIndex {
  return {
    find: (deviceId) => deviceOf(dpus.managers(), deviceId, ({ devices }) => devices.position(deviceId)),
    locate: (deviceId) => deviceOf(dpus.managers(), deviceId, ({ devices }) => devices.locate(deviceId)),
    dpu: (dpuName) => {
      const manager = dpus.manager(dpuName);
      return manager && entry(manager);
    },
    dpuSide: () => {
      const manager = dpus.managers().find(({ dpu, devices }) => dpu.side === 'dpu' && !devices.withdrawn);
      return manager && entry(manager);
    },
    presence: (dpuName) => {
      const presence = nodeDpus.presence(dpuName);
      return presence.is === 'there' ? there(entry(presence.value)) : presence;
    },
    list: () => {
      const found = dpus.managers().map((manager) => entry(manager));
      const missing = [...nodeDpus.sides()].filter((side) => !found.some((dpu) => dpu.side === side));
      return [...found, ...missing.map((side) => notFoundYet(side))];
    },
  };
}

function deviceOf(
  managers: readonly DpuManager[],
  deviceId: string,
  positionIn: (manager: DpuManager) => VfPosition | undefined,
): DeviceEntry | undefined {
  for (const manager of managers) {
    const position = positionIn(manager);
    if (position) return { ...entry(manager), ...position, network: manager.networks.of(deviceId) };
  }
  return undefined;
}

const notFoundYet = (side: Side) => ({
  dpuName: `of the ${side} side`,
  side,
  outOfService: 'it has not been found again since the start',
});

const entry = (manager: DpuManager): DpuEntry => ({
  dpuName: manager.dpu.name,
  side: manager.dpu.side,
  dataPath: manager.dataPath,
  outOfService: manager.outOfService(),
});
