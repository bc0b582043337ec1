/** What a plugin asks of its pod on one side of a DPU. */
import { omitUndefined } from '../../omit-undefined.ts';
import type { DpuSide } from '../detection/detect.ts';
import type { PluginManifest, PodNeeds } from '../manifest.ts';

/** Seconds that a VSP has from SIGTERM to its end where its manifest says nothing; the contract's (LC-11). */
export const defaultGracePeriodSeconds = 30;

type WithDefault =
  | 'privileged'
  | 'capabilities'
  | 'seccomp'
  | 'hostPaths'
  | 'devices'
  | 'env'
  | 'hostNetwork'
  | 'hostPID'
  | 'companions'
  | 'rbac'
  | 'gracePeriodSeconds';

/** Everything that has a default is there. */
export type SidePod = Omit<PodNeeds, WithDefault> & { [Field in WithDefault]: NonNullable<PodNeeds[Field]> };

/** What a plugin asks of its pod on a side: what the manifest says for that side, else what it says for both. */
export function podOf({ pod }: Pick<PluginManifest, 'pod'>, side: DpuSide): SidePod {
  const { host, dpu, ...common } = pod;
  const own = (side === 'host' ? host : dpu) ?? {};
  return {
    privileged: false,
    capabilities: [],
    seccomp: 'RuntimeDefault',
    hostPaths: [],
    devices: [],
    env: {},
    hostNetwork: true,
    hostPID: false,
    companions: [],
    rbac: [],
    gracePeriodSeconds: defaultGracePeriodSeconds,
    ...omitUndefined({ ...common, ...own }),
  };
}
