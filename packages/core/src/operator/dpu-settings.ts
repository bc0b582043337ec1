import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { z } from 'zod';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../api/data-processing-unit-config.ts';
import { olderFirst } from '../kube/resource.ts';
import { selects } from './label-selector.ts';

/** The configs that select a DPU, the one that holds first: older before younger, then by name. */
export function configsOf(
  dpu: DataProcessingUnit,
  configs: readonly DataProcessingUnitConfig[],
): DataProcessingUnitConfig[] {
  return configs.filter((config) => selects(config.spec.dpuSelector, dpu.metadata.labels)).sort(olderFirst);
}

/** @returns what is wrong with settings by a vendor's JSON schema, naming each field; undefined when nothing is. */
export function checkSettings(schema: object, settings: unknown): string | undefined {
  const validate = validatorOf(schema);
  if (validate instanceof Error) return `the plugin's own settings schema is broken: ${validate.message}`;
  if (validate(settings)) return undefined;
  return (validate.errors ?? []).map(describe).join('; ');
}

/** Compiling takes milliseconds and memory; a plugin's schema stays one object as long as the process lives. */
const compiled = new WeakMap<object, ValidateFunction | Error>();

function validatorOf(schema: object): ValidateFunction | Error {
  const known = compiled.get(schema);
  if (known) return known;
  const validate = compile(schema);
  compiled.set(schema, validate);
  return validate;
}

const schemaSchema = z.record(z.string(), z.unknown());

function compile(schema: object): ValidateFunction | Error {
  // Vendors' schemas are theirs: an unknown keyword in one is no reason to refuse settings.
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
  // The dialect that a schema names may be one that this Ajv does not know by its address.
  const { $schema: _, ...rest } = schemaSchema.parse(schema);
  try {
    return ajv.compile(rest);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function describe({ instancePath, message, params }: ErrorObject): string {
  const extra = 'additionalProperty' in params ? ` (${params.additionalProperty})` : '';
  const field = ['spec.settings', ...instancePath.split('/').slice(1)].join('.');
  return `${field} ${message ?? 'is wrong'}${extra}`;
}
