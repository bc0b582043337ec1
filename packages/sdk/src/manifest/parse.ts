import { z } from 'zod';
import { DpuError } from '../errors.ts';
import { faultsText, fieldFaults, inWords } from '../field-fault.ts';
import type { PluginManifest } from './manifest.ts';
import { pluginManifest } from './schema.ts';

/** Levels of objects and lists in a manifest: what reads one goes as deep as it is. */
const deepest = 64;

const packageJson = z.object({ dpu: pluginManifest }, { error: 'must be a JSON object' });

/** What says that a manifest is for another version of ours: then it may have fields that this version does not know. */
const versionFields = ['dpu.manifestVersion', 'dpu.contract'];

/**
 * The manifest in a package.json.
 *
 * @throws DpuError INVALID_ARGUMENT naming each wrong or unknown field, e.g. `dpu.products[0].host.identifier: …`; only
 * `dpu.manifestVersion` or `dpu.contract` where this version does not serve it.
 */
export function parsePluginManifest(json: unknown): PluginManifest {
  if (typeof json === 'object' && json !== null && !('dpu' in json)) {
    throw new DpuError('INVALID_ARGUMENT', 'package.json has no field `dpu`: the package is no DPU plugin');
  }
  if (depthOf(json) > deepest) {
    throw new DpuError('INVALID_ARGUMENT', `package.json: is nested more than ${deepest} levels deep`);
  }
  const parsed = packageJson.safeParse(json, { error: inWords });
  if (parsed.success) return parsed.data.dpu;
  const faults = fieldFaults(parsed.error);
  const version = versionFields
    .map((field) => faults.filter(({ path }) => path === field))
    .find(({ length }) => length);
  throw new DpuError('INVALID_ARGUMENT', faultsText(version ?? faults, 'package.json'), { cause: parsed.error });
}

/** Level by level, and no further than it matters. */
function depthOf(json: unknown): number {
  let depth = 0;
  for (let level = [json]; level.length > 0 && depth <= deepest; depth++) {
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
  return depth;
}
