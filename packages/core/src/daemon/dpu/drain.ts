/** How a DPU is made free of pods, and of what its VSP made, before another VSP takes it over. Pure. */
import type { DataProcessingUnit, Drain, Rollout } from '../../api/index.ts';

const phases: readonly Rollout['phase'][] = ['Draining', 'Replacing', 'Verifying', 'RollingBack'];

/** The rollout for which a DPU is to offer no devices. */
export function drainOf({ status }: Pick<DataProcessingUnit, 'status'>): Rollout | undefined {
  const rollout = status?.rollout;
  return rollout?.drain && phases.includes(rollout.phase) ? rollout : undefined;
}

/** Whether the VSP is to take away what it made, because another plugin follows. */
export function isToClear({ clear, phase }: Rollout): boolean {
  return clear && phase === 'Replacing';
}

export function drainReport({ startedAt }: Rollout, pods: readonly string[], cleared: boolean): Drain {
  return { of: startedAt, pods: [...new Set(pods)].sort(), ...(cleared && { cleared: true }) };
}
