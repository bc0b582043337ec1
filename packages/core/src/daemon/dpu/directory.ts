/** What the attach engine asks of this node's DPUs. */
import type { DpuEntry, DpuIndex, Side } from '../attach/ports.ts';
import { gone, there, unknown } from '../presence.ts';
import type { DpuManager } from './dpu-manager.ts';
import type { DpuFleet } from './fleet.ts';

export function dpuIndex(fleet: Pick<DpuFleet, 'manager' | 'managers' | 'sides' | 'isGone'>): DpuIndex {
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
    presence: (dpuName) => {
      const manager = fleet.manager(dpuName);
      if (manager) return there(entry(manager));
      return fleet.isGone(dpuName) ? gone : unknown('it has not been found again since the start');
    },
    list: () => {
      const found = fleet.managers().map((manager) => entry(manager));
      const missing = [...fleet.sides()].filter((side) => !found.some((dpu) => dpu.side === side));
      return [...found, ...missing.map((side) => notFoundYet(side))];
    },
  };
}

const notFoundYet = (side: Side) => ({
  dpuName: `of the ${side} side`,
  side,
  outOfService: 'it has not been found again since the start',
});

const entry = (manager: DpuManager): DpuEntry => ({
  dpuName: manager.dpu.name,
  side: manager.dpu.side,
  dataPath: manager,
});
