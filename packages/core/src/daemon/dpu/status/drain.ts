/** How a DPU is made free of pods, and of what its VSP made, before another VSP takes it over. Pure. */
import { type DataProcessingUnit, type Drain, drainName, type Rollout } from '../../../api/index.ts';

const phases: readonly Rollout['phase'][] = ['Draining', 'Replacing', 'Verifying', 'RollingBack'];

/** The rollout for which a DPU is to offer no devices. */
export function drainOf({ status }: Pick<DataProcessingUnit, 'status'>): Rollout | undefined {
  const rollout = status?.rollout;
  return rollout?.drain && phases.includes(rollout.phase) ? rollout : undefined;
}

/** Whether the VSP is to take away what it made, because another plugin follows, or the one before comes back. */
export function isToClear({ clear, phase }: Rollout): boolean {
  return clear && (phase === 'Replacing' || phase === 'RollingBack');
}

export function drainReport(rollout: Rollout, pods: readonly string[], cleared: boolean): Drain {
  return { of: drainName(rollout), pods: [...new Set(pods)].sort(), ...(cleared && { cleared: true }) };
}
