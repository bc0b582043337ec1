import { DpuError } from '@dpu-operator/sdk';
import { validateSettings } from '@dpu-operator/sdk/settings';
import type { DataProcessingUnit } from '../../../api/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../../../api/data-processing-unit-config.ts';
import { olderFirst } from '../../../kube/resource.ts';
import { selects } from './label-selector.ts';

/** The configs that select a DPU, the one that holds first: older before younger, then by name. */
export function configsOf(
  dpu: DataProcessingUnit,
  configs: readonly DataProcessingUnitConfig[],
): DataProcessingUnitConfig[] {
  return configs.filter((config) => selects(config.spec.dpuSelector, dpu.metadata.labels)).sort(olderFirst);
}

/** By schema and settings: a schema may take half a second of processor time for each look, and a fleet asks for each DPU. */
const verdicts = new WeakMap<object, Map<string, string | undefined>>();
/** Settings that are remembered of a schema. */
const mostVerdicts = 1_000;

/** @returns what is wrong with settings by a vendor's JSON schema, naming each field; undefined when nothing is. */
export function checkSettings(schema: object, settings: unknown): string | undefined {
  const known = verdicts.get(schema) ?? new Map<string, string | undefined>();
  verdicts.set(schema, known);
  const key = JSON.stringify(settings);
  if (known.has(key)) return known.get(key);
  if (known.size >= mostVerdicts) known.clear();
  const fault = faultOf(schema, settings);
  known.set(key, fault);
  return fault;
}

function faultOf(schema: object, settings: unknown): string | undefined {
  try {
    validateSettings(schema, settings, 'spec.settings');
    return undefined;
  } catch (error) {
    return DpuError.from(error).message;
  }
}
