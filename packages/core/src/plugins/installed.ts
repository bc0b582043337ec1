import { type PluginManifest, parsePluginManifest } from '@dpu-operator/sdk/manifest';
import softwareDpu from '@dpu-operator/vsp-mock/package.json' with { type: 'json' };

/** A vendor plugin whose products this node's daemon looks for. */
export interface InstalledPlugin {
  /** npm name. */
  packageName: string;
  version: string;
  manifest: PluginManifest;
  /** Where the plugin lies in the VSP image. */
  directory: string;
}

/** Plugins that ship with the operator's own VSP image. */
export function installedPlugins(): InstalledPlugin[] {
  return [softwareDpu].map((packageJson) => ({
    packageName: packageJson.name,
    version: packageJson.version,
    manifest: parsePluginManifest(packageJson),
    directory: `/opt/dpu-vsp/plugins/${packageJson.name}`,
  }));
}
