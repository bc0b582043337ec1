import { z } from 'zod';
import { DpuError } from '../errors.ts';
import type { PluginManifest } from './manifest.ts';
import { pluginManifest } from './schema.ts';

const packageJson = z.object({ dpu: pluginManifest }, { error: 'must be a JSON object' });

/**
 * The manifest in a package.json.
 *
 * @throws DpuError INVALID_ARGUMENT naming each wrong field, e.g. `dpu.products[0].host.identifier: …`; only
 * `dpu.contract` where this version does not serve it.
 */
export function parsePluginManifest(json: unknown): PluginManifest {
  if (typeof json === 'object' && json !== null && !('dpu' in json)) {
    throw new DpuError('INVALID_ARGUMENT', 'package.json has no field `dpu`: the package is no DPU plugin');
  }
  const parsed = packageJson.safeParse(json);
  if (parsed.success) return parsed.data.dpu;
  const { issues } = parsed.error;
  // A manifest for another contract may have fields that this version does not know; it is no use to name them.
  const contract = issues.filter(({ path }) => path.join('.') === 'dpu.contract');
  const faults = (contract.length > 0 ? contract : issues).map(
    ({ path, message }) => `${z.core.toDotPath(path) || 'package.json'}: ${message}`,
  );
  throw new DpuError('INVALID_ARGUMENT', faults.join('; '), { cause: parsed.error });
}
