/** What the attach engine asks of this node's DPUs. */
import type { DpuDirectory, DpuEntry } from '../attach/ports.ts';
import type { DpuManager } from './dpu-manager.ts';
import type { DpuFleet } from './fleet.ts';

export function dpuDirectory(fleet: Pick<DpuFleet, 'manager' | 'managers' | 'sides' | 'isGone'>): DpuDirectory {
  return {
    find: (deviceId) => {
      for (const manager of fleet.managers()) {
        const position = manager.position(deviceId);
        if (position) return { ...entry(manager), ...position };
      }
      return undefined;
    },
    dpu: (dpuName) => {
      const manager = fleet.manager(dpuName);
      return manager && entry(manager);
    },
    dpuSide: () => {
      const manager = fleet.managers().find(({ dpu, withdrawn }) => dpu.side === 'dpu' && !withdrawn);
      return manager && entry(manager);
    },
    isGone: (dpuName) => fleet.isGone(dpuName),
    sides: () => fleet.sides(),
  };
}

const entry = (manager: DpuManager): DpuEntry => ({
  dpuName: manager.dpu.name,
  side: manager.dpu.side,
  dataPath: manager,
});
