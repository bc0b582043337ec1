/** How a DPU is made free of pods, and of what its VSP made, before another VSP takes it over. Pure. */
import { type DataProcessingUnit, type Drain, drainName, type Rollout } from '../../../api/index.ts';
import { type DpuUsers, isUsed } from './dpu-conditions.ts';

const phases: readonly Rollout['phase'][] = ['Draining', 'Replacing', 'Verifying', 'RollingBack'];

/** The rollout for which a DPU is to offer no devices. */
export function drainOf({ status }: Pick<DataProcessingUnit, 'status'>): Rollout | undefined {
  const rollout = status?.rollout;
  if (!rollout || !phases.includes(rollout.phase)) return undefined;
  return rollout.drain || isToClear(rollout) ? rollout : undefined;
}

/** Whether the VSP is to take away what it made, because another plugin follows, or the one before comes back. */
export function isToClear({ clear, phase }: Rollout): boolean {
  return clear && (phase === 'Replacing' || phase === 'RollingBack');
}

/** Whether what the VSP made stays all the same: no pod was asked to leave, and something uses it. */
export function isKept(rollout: Rollout, users: DpuUsers): boolean {
  return isToClear(rollout) && !rollout.drain && isUsed(users);
}

export function drainReport(rollout: Rollout, users: DpuUsers, isCleared: boolean): Drain {
  const pods = [...new Set(users.pods)].sort();
  const answer = isCleared ? { cleared: true } : isKept(rollout, users) && { kept: true };
  return { of: drainName(rollout), pods, ...answer };
}
