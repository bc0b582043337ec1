import { z } from 'zod';
import { DpuError } from '../errors.ts';
import { type PluginManifest, pluginManifest } from './manifest.ts';

const packageJson = z.object({ dpu: pluginManifest });

/**
 * The manifest in a package.json.
 *
 * @throws DpuError INVALID_ARGUMENT naming each wrong field, e.g. `dpu.products[0].host.identifier: …`.
 */
export function parsePluginManifest(json: unknown): PluginManifest {
  const parsed = packageJson.safeParse(json);
  if (parsed.success) return parsed.data.dpu;
  const faults = parsed.error.issues.map(
    ({ path, message }) => `${z.core.toDotPath(path) || 'package.json'}: ${message}`,
  );
  throw new DpuError('INVALID_ARGUMENT', faults.join('; '), { cause: parsed.error });
}
