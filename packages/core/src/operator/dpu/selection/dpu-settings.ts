import { DpuError } from '@dpu-operator/sdk';
import { validateSettings } from '@dpu-operator/sdk/settings';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../../../api/kinds/data-processing-unit-config.ts';
import { olderFirst } from '../../../kube/objects/resource.ts';
import { selects } from './label-selector.ts';

/** The configs that select a DPU, the one that holds first: older before younger, then by name. */
export function configsOf(
  dpu: DataProcessingUnit,
  configs: readonly DataProcessingUnitConfig[],
): DataProcessingUnitConfig[] {
  return configs.filter((config) => selects(config.spec.dpuSelector, dpu.metadata.labels)).sort(olderFirst);
}

interface Schema {
  /** The object that was compiled. */
  schema: object;
  /** By settings. */
  verdicts: Map<string, string | undefined>;
  /** How many settings it took long for. */
  slow: number;
}

/**
 * A schema may take half a second of processor time for each look, in which nothing else is done, and a fleet asks for each
 * DPU. It is the same by its text: each change of a VendorPlugin makes new objects.
 */
const schemas = new Map<string, Schema>();
const byObject = new WeakMap<object, Schema>();
const mostSchemas = 200;
/** Settings that are remembered of a schema. */
const mostVerdicts = 1_000;
/** Milliseconds of processor time; an ordinary schema takes one. */
const slowMs = 300;
/** So many settings may take long. */
const mostSlow = 3;

/** @returns what is wrong with settings by a vendor's JSON schema, naming each field; undefined when nothing is. */
export function checkSettings(schema: object, settings: unknown): string | undefined {
  const known = schemaOf(schema);
  const key = JSON.stringify(settings);
  if (known.verdicts.has(key)) return known.verdicts.get(key);
  if (known.slow >= mostSlow) return tooSlow;
  if (known.verdicts.size >= mostVerdicts) known.verdicts.clear();
  const before = process.threadCpuUsage();
  const fault = faultOf(known.schema, settings);
  const { user, system } = process.threadCpuUsage(before);
  // On a busy machine it is ended before it had its share of time.
  if ((user + system) / 1_000 > slowMs || fault?.includes('it takes longer than')) known.slow += 1;
  known.verdicts.set(key, fault);
  return fault;
}

const tooSlow = `the plugin's settings schema (dpu.settings) took too long for ${mostSlow} settings, and no others are checked by it: ask its vendor for a version with a simpler one`;

function schemaOf(schema: object): Schema {
  const before = byObject.get(schema);
  if (before) return before;
  const text = JSON.stringify(schema);
  const known = schemas.get(text) ?? { schema, verdicts: new Map(), slow: 0 };
  if (schemas.size >= mostSchemas) schemas.clear();
  schemas.set(text, known);
  byObject.set(schema, known);
  return known;
}

function faultOf(schema: object, settings: unknown): string | undefined {
  try {
    validateSettings(schema, settings, 'spec.settings');
    return undefined;
  } catch (error) {
    return DpuError.from(error).message;
  }
}
