import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { z } from 'zod';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../api/data-processing-unit-config.ts';
import { annotations } from '../api/names.ts';
import { keyOf } from '../kube/resource.ts';
import { selects } from './label-selector.ts';

/** The configs that select a DPU, the one that holds first: older before younger, then by name. */
export function configsOf(
  dpu: DataProcessingUnit,
  configs: readonly DataProcessingUnitConfig[],
): DataProcessingUnitConfig[] {
  return configs
    .filter((config) => selects(config.spec.dpuSelector, dpu.metadata.labels))
    .sort((a, b) => compare(age(a), age(b)) || compare(keyOf(a), keyOf(b)));
}

/** RFC 3339 times in UTC sort as text. */
function age(config: DataProcessingUnitConfig): string {
  return config.metadata.creationTimestamp ?? '';
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** What a DPU should run with, and whether that is what its config asks for. */
export interface Choice {
  /** The config that holds, where one selects the DPU. */
  config: DataProcessingUnitConfig | undefined;
  /** Undefined when there are no good settings to run with. */
  settings: Settings | undefined;
  numVfs: number | undefined;
  /** Why the config is not in force. */
  problem: string | undefined;
}

type Settings = Record<string, unknown>;

/** Wrong settings change nothing: the DPU keeps the last ones that were right, which its annotation remembers. */
export function chooseSettings(
  dpu: DataProcessingUnit,
  configs: readonly DataProcessingUnitConfig[],
  schema: object,
): Choice {
  const [config] = configsOf(dpu, configs);
  const settings = config?.spec.settings ?? {};
  const problem = checkSettings(schema, settings);
  if (problem === undefined) return { config, settings, numVfs: config?.spec.numVfs, problem };
  return { config, settings: lastGoodSettings(dpu), numVfs: dpu.spec.numVfs, problem };
}

const settingsSchema = z.record(z.string(), z.unknown());

function lastGoodSettings(dpu: DataProcessingUnit): Settings | undefined {
  const text = dpu.metadata.annotations?.[annotations.settings];
  if (text === undefined) return undefined;
  try {
    return settingsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
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

function compile(schema: object): ValidateFunction | Error {
  // Vendors' schemas are theirs: an unknown keyword in one is no reason to refuse settings.
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
  // The dialect that a schema names may be one that this Ajv does not know by its address.
  const { $schema: _, ...rest } = settingsSchema.parse(schema);
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
