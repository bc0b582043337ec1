import type { PluginManifest } from '../../manifest/manifest.ts';
import { validateSettings } from '../../settings/validate.ts';
import { type PluginServer, type ServeOptions, serve } from '../serve.ts';

/** {@link ServeOptions}, with the manifest whose schema the settings are checked by. */
export interface ServePluginOptions extends ServeOptions {
  manifest: PluginManifest;
  /** Checked against the manifest's schema; defaults are filled in. */
  settings: unknown;
}

/**
 * {@link serve} with settings as a user wrote them.
 *
 * @throws DpuError INVALID_ARGUMENT for wrong settings, and those of {@link serve}.
 */
export async function servePlugin({ manifest, settings, ...options }: ServePluginOptions): Promise<PluginServer> {
  return serve({ ...options, settings: validateSettings(manifest.settings, settings) });
}
