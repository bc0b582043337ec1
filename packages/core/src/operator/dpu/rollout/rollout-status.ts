import type { PluginRun, Rollout } from '../../../api/fields/plugin-run.ts';

/** What of a DPU's status is the operator's own: it survives the operator's restarts. */
export interface RolloutStatus {
  /** What runs and was found to work. */
  plugin?: PluginRun | undefined;
  rollout?: Rollout | undefined;
}

/** Reason of a rollout that was given up before anything was touched. */
export const drainTimedOut = 'DrainTimedOut';
