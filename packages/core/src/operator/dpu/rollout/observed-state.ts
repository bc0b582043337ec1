/** What the planner of rollouts looks at. */
import type { Condition } from '../../../api/fields/meta.ts';
import type { PluginRun, Rollout } from '../../../api/fields/plugin-run.ts';
import type { Drain, VspIdentity } from '../../../api/kinds/data-processing-unit.ts';
import type { Wait } from './fleet/waits-for.ts';
import type { RolloutStatus } from './rollout-status.ts';

export interface VspPodState {
  /** What it was made from, as {@link ObservedState.hashOf} tells it; another hash for a pod of another owner. */
  hash: string;
  /** Of the run that it was made from; undefined where its operator did not say. */
  digest?: string | undefined;
  state: 'starting' | 'running' | 'ended' | 'terminating';
  ageMs: number;
  /** Milliseconds since its kubelet took it up, or its container started; undefined before that. */
  startedMs?: number | undefined;
  /** What keeps it from running that is no fault of the plugin: an image that is being pulled, a lost node. */
  hindrance?: string | undefined;
  /** Why it will not run, however often it is started again. */
  permanentFailure?: { reason: string; message: string } | undefined;
  /** Why it does not run. */
  message: string;
}

export interface InstallPodState {
  /** {@link installKey} of the run that it installs. */
  key: string;
  /** Ended is one that the kubelet gave up, as when it evicts it. */
  state: 'working' | 'succeeded' | 'ended' | 'terminating';
  ageMs: number;
  /** Why it failed, while it goes on trying. */
  failure?: { reason: string; message: string } | undefined;
}

/** What of a rollout says when something began. */
export const rolloutTimes = [
  'startedAt',
  'drainingSince',
  'replacingSince',
  'verifyingSince',
  'rollingBackSince',
] as const satisfies (keyof Rollout)[];

export interface ObservedState {
  /** Milliseconds since 1970, to be written: what counts is {@link lasted}. */
  now: number;
  /** What is asked for; undefined leaves all as it is. */
  wanted: PluginRun | undefined;
  status: RolloutStatus;
  vspPod: VspPodState | undefined;
  installPod: InstallPodState | undefined;
  hashOf: (run: PluginRun) => string;
  /** What this DPU waits for before it may change to a run, where it runs another; undefined when it may go. */
  waitsFor: (target: PluginRun) => Wait | undefined;
  /** Milliseconds that this DPU is waited for. */
  deadlineMs: number;
  /** Milliseconds since each time of the rollout of the status. */
  lasted: Readonly<Partial<Record<(typeof rolloutTimes)[number], number>>>;
  /** For how many milliseconds the daemon of its node is heard without a break; undefined while it is not. */
  heardMs: number | undefined;
  /** The daemon's words. */
  ready: Condition | undefined;
  vsp: VspIdentity | undefined;
  drain: Drain | undefined;
  /** The annotation `retry`: another value than the rollout began with is an order. */
  retry: string | undefined;
  /** The DPU is being deleted: no new plugin any more. */
  leaving: boolean;
}

export type Action =
  | { do: 'createVspPod'; run: PluginRun }
  | { do: 'deleteVspPod' }
  | { do: 'createInstallPod'; run: PluginRun; before: PluginRun | undefined }
  | { do: 'deleteInstallPod' }
  | { do: 'evict'; pods: readonly string[] };

export interface Plan {
  /** To be written before anything else is done; the very object that was given when nothing is new. */
  status: RolloutStatus;
  /** Empty when the status is new: plan again after writing it. */
  actions: Action[];
  requeueAfterMs?: number;
}
