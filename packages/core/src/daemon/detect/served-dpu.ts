import type { DetectedDpu } from '@dpu-operator/sdk/manifest';

/** A DPU as it was detected last. */
export interface ServedDpu extends DetectedDpu {
  /** uid of the Node object that there was then; undefined where an earlier version detected it. */
  nodeUid?: string;
}
