import { z } from 'zod';
import { DpuError } from '../errors.ts';
import { faultsText, fieldFaults, inWords } from '../field-fault.ts';
import type { PluginManifest } from './manifest.ts';
import { fieldsPassedOver, without } from './optional-fields.ts';
import { pluginManifest } from './schema.ts';

/** Levels of objects and lists in a manifest: what reads one goes as deep as it is. */
const deepest = 64;

const packageJson = z.object({ dpu: pluginManifest });

/** What says that a manifest is for another version of ours: then it may have fields that this version does not know. */
const versionFields = ['dpu.manifestVersion', 'dpu.contract'];

/** A manifest that could be read, and what was passed over in it. */
export interface ReadManifest {
  /** Without the unknown fields that it can do without. */
  manifest: PluginManifest;
  /** Fields that this version does not know and the manifest can do without, e.g. `dpu.pod.cpuSet`: for a warning. */
  passedOver: string[];
}

/**
 * The manifest in a package.json.
 *
 * @throws DpuError as {@link readPluginManifest}
 */
export function parsePluginManifest(json: unknown): PluginManifest {
  return readPluginManifest(json).manifest;
}

/**
 * The manifest in a package.json, and what of it this version passes over.
 *
 * @throws DpuError INVALID_ARGUMENT naming each wrong or unknown field, e.g. `dpu.products[0].host.identifier: …`; only
 * `dpu.manifestVersion` or `dpu.contract` where this version does not serve it.
 */
export function readPluginManifest(json: unknown): ReadManifest {
  if (!isObject(json) || !('dpu' in json)) {
    const lacks = isObject(json) ? 'has no field `dpu`: the package is no DPU plugin' : 'must be a JSON object';
    throw new DpuError('INVALID_ARGUMENT', `package.json ${lacks}`);
  }
  if (depthOf(json) > deepest) {
    throw new DpuError('INVALID_ARGUMENT', `package.json: is nested more than ${deepest} levels deep`);
  }
  const first = packageJson.safeParse(json, { error: inWords });
  if (first.success) return { manifest: first.data.dpu, passedOver: [] };
  const fields = fieldsPassedOver(json.dpu, first.error, 'dpu');
  const parsed = packageJson.safeParse(without({ dpu: json.dpu }, fields), { error: inWords });
  if (parsed.success) return { manifest: parsed.data.dpu, passedOver: fields.map(z.core.toDotPath) };
  const faults = fieldFaults(parsed.error);
  const version = versionFields
    .map((field) => faults.filter(({ path }) => path === field))
    .find(({ length }) => length);
  throw new DpuError('INVALID_ARGUMENT', faultsText(version ?? faults, 'package.json'), { cause: parsed.error });
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Level by level, and no further than it matters. */
function depthOf(json: unknown): number {
  let depth = 0;
  for (let level = [json]; level.length > 0 && depth <= deepest; depth++) {
    level = level.flatMap((value) => (isObject(value) ? Object.values(value) : []));
  }
  return depth;
}
