import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { KnownDpu } from './known-dpu.ts';

/** A DPU as it was detected last. */
export interface ServedDpu extends DetectedDpu {
  /** uid of the Node object that there was then; undefined where an earlier version detected it. */
  nodeUid?: string;
}

/** What is known of a DPU, where that is enough to serve it: an object of an earlier version has no identifier. */
export function servedAsKnown(dpu: KnownDpu): ServedDpu | undefined {
  const { identifier } = dpu;
  return identifier === undefined ? undefined : omitUndefined({ ...dpu, identifier });
}
