/** How far a DPU is freed of pods before its plugin is replaced. Pure. */
import type { Rollout } from '../../../api/fields/plugin-run.ts';
import type { ObservedState } from './observed-state.ts';

/** Milliseconds that pods have to leave it; 0 or less when the time is over. */
export function drainLeftMs({ deadlineMs, lasted }: ObservedState): number {
  return deadlineMs - (lasted.drainingSince ?? lasted.startedAt ?? 0);
}

/** Undefined until the daemon has taken the DPU's devices away from new pods. */
export function podsLeft({ drain }: ObservedState, { startedAt }: Rollout): readonly string[] | undefined {
  return drain?.of === startedAt ? drain.pods : undefined;
}
