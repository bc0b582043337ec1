/** What the attach engine asks of this node's DPUs. */
import type { DpuDirectory, DpuEntry } from '../attach/ports.ts';
import type { DpuManager } from './dpu-manager.ts';
import type { DpuFleet } from './fleet.ts';
import type { ManagedDpus } from './managed-dpus.ts';

export function dpuDirectory(
  dpus: Pick<ManagedDpus, 'manager' | 'managers'>,
  fleet: Pick<DpuFleet, 'sides' | 'presence'>,
): DpuDirectory {
  return {
    find: (deviceId) => {
      for (const manager of dpus.managers()) {
        const position = manager.position(deviceId);
        if (position) return { ...entry(manager), ...position };
      }
      return undefined;
    },
    dpu: (dpuName) => {
      const manager = dpus.manager(dpuName);
      return manager && entry(manager);
    },
    dpuSide: () => {
      const manager = dpus.managers().find(({ dpu, withdrawn }) => dpu.side === 'dpu' && !withdrawn);
      return manager && entry(manager);
    },
    isGone: (dpuName) => fleet.presence(dpuName).is === 'gone',
    sides: () => fleet.sides(),
  };
}

const entry = (manager: DpuManager): DpuEntry => ({
  dpuName: manager.dpu.name,
  side: manager.dpu.side,
  dataPath: manager,
});
