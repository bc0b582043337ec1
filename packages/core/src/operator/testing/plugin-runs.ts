import { podOf } from '@dpu-operator/sdk/manifest';
import type { PluginRun } from '../../api/fields/plugin-run.ts';

/** A run of plugin `a` on the host's side. */
export function runOf(version: string, settings = {}): PluginRun {
  return {
    name: 'a',
    version,
    image: `vsp:${version}`,
    products: ['Card'],
    disturbsTraffic: false,
    pod: { ...podOf({ pod: {} }, 'host'), companions: [] },
    settings,
    digest: `${version} ${JSON.stringify(settings)}`,
  };
}
