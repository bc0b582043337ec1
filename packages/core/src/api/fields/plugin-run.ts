/** What a DPU runs, or is to run: kept in its status, so that it can go back to it when everything else has changed. */
import type { Companion, SidePod } from '@dpu-operator/sdk/manifest';
import { z } from 'zod';
import type { PodOverlay } from './pod-overlay.ts';

/** The operator's own words: their form was checked where they come from. */
function checkedBefore<T>() {
  return z
    .looseObject({})
    .meta({ 'x-kubernetes-preserve-unknown-fields': true })
    .transform((written) => written as unknown as T);
}

/** A companion that is in the pod. */
export interface RunCompanion extends Companion {
  image: string;
}

/** What the plugin asks of its pod, with those companions that are in it. */
export interface RunPod extends Omit<SidePod, 'companions'> {
  companions: RunCompanion[];
}

/** A plugin's release with the settings that it is run with: all that its pod is made from. */
export const pluginRunSchema = z.object({
  name: z.string().describe('Name of the VendorPlugin; npm package of a plugin that ships with the operator.'),
  products: z.array(z.string()).describe('Products that its manifest names.'),
  version: z.string().describe('Version of the package; of a VSP that is only an image, that image.'),
  image: z.string().describe('Image that it runs in.'),
  askedFor: z
    .string()
    .optional()
    .describe(
      'What that was found for: version, range or tag of the package, or the image as the VendorPlugin names it.',
    ),
  directory: z.string().optional().describe('Where it lies in the image, if it is part of it.'),
  package: z.string().optional().describe('npm package, if it is installed on the node.'),
  integrity: z.string().optional().describe('Hash of the tarball.'),
  registry: z.string().optional().describe('npm registry that it is taken from.'),
  lock: z.string().optional().describe('ConfigMap with the lock file.'),
  credentialsSecret: z.string().optional().describe('Secret for that registry.'),
  disturbsTraffic: z.boolean().describe('Whether its restart disturbs traffic: pods are evicted before.'),
  pod: checkedBefore<RunPod>().describe('What the plugin asks of its pod on this side.'),
  overlay: checkedBefore<PodOverlay>().optional().describe('What the VendorPlugin adds to the pod.'),
  secret: z.string().optional().describe('Secret that it reads.'),
  configMap: z.string().optional().describe('ConfigMap that it reads.'),
  settings: z
    .looseObject({})
    .meta({ 'x-kubernetes-preserve-unknown-fields': true })
    .describe('Settings that it is run with.'),
  digest: z.string().describe('Hash of what of the above makes another pod.'),
  claim: z
    .enum(['a', 'b'])
    .optional()
    .describe('Under which of two names the node keeps its files: what ran before stays there under the other.'),
});

/** In their order. Up to Draining, what ran before is not touched. */
const rolloutPhases = ['Installing', 'Draining', 'Replacing', 'Verifying', 'RollingBack', 'Failed'] as const;

export const rolloutSchema = z.object({
  target: pluginRunSchema.describe('What is to run.'),
  phase: z.enum(rolloutPhases).describe('How far it has come. Up to Draining, what ran before is not touched.'),
  startedAt: z.string().describe('When it began; names this rollout.'),
  drain: z.boolean().describe('Whether the DPU has to be free of pods before its VSP is replaced.'),
  clear: z
    .boolean()
    .describe(
      'Whether the VSP has to take away what it made on the node, as another plugin follows, or what ran before returns.',
    ),
  wasReady: z.boolean().describe('Whether the DPU was ready before: then it has to be again.'),
  drainingSince: z.string().optional().describe('When the phase Draining began.'),
  replacingSince: z.string().optional().describe('When the phase Replacing began.'),
  verifyingSince: z.string().optional().describe('When the phase Verifying began.'),
  rollingBackSince: z.string().optional().describe('When the phase RollingBack began.'),
  previousInit: z.string().optional().describe('`vsp.initialisedAt` of the VSP that was replaced.'),
  retry: z
    .string()
    .optional()
    .describe(
      'The annotation `dpu.config.openshift.io/retry` when it began: another one has it tried again once it failed.',
    ),
  again: z
    .boolean()
    .optional()
    .describe(
      'Whether its release failed here before, be it with other settings: other DPUs go on to it only after it works here.',
    ),
  reason: z.string().optional().describe('Why it failed: one CamelCase word.'),
  message: z.string().optional().describe('Why it failed, for people.'),
});

/** Names what the daemon does for a step of a rollout: on the way back it clears the DPU of what the failing VSP made. */
export function drainName({ startedAt, phase }: Pick<Rollout, 'startedAt' | 'phase'>): string {
  return phase === 'RollingBack' ? `${startedAt} back` : startedAt;
}

export type PluginRun = z.infer<typeof pluginRunSchema>;
export type Rollout = z.infer<typeof rolloutSchema>;
