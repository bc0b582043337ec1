/** Which registry a VendorPlugin is taken from. */
import type { DpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import type { VendorPlugin } from '../../api/kinds/vendor-plugin.ts';
import { mayUseHttp } from '../../plugins/http-registries.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';

export type PluginsSpec = DpuOperatorConfig['spec']['plugins'];

export interface PluginRegistry {
  url: string;
  /** Name of the Secret with credentials for it. */
  credentialsSecret: string | undefined;
}

/** @param fallback the operator's own registry, for when nobody names one */
export function registryOf({ spec }: VendorPlugin, plugins: PluginsSpec, fallback: string): PluginRegistry {
  if (spec.registry) return { url: spec.registry, credentialsSecret: spec.credentialsSecret?.name };
  return {
    url: plugins?.registry ?? fallback,
    credentialsSecret: (spec.credentialsSecret ?? plugins?.credentialsSecret)?.name,
  };
}

/** @throws LookupError where the registry is reached by plain http and the DpuOperatorConfig does not allow that */
export function requireSecure({ url }: PluginRegistry, plugins: PluginsSpec): void {
  const { protocol, host } = new URL(url);
  if (protocol === 'https:' || mayUseHttp(host, plugins?.httpRegistries)) return;
  const message = `${url} is reached without TLS: use https, or add ${host} to spec.plugins.httpRegistries of the DpuOperatorConfig`;
  throw new LookupError('RegistryInsecure', message);
}
