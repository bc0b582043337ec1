/** A vendor's JSON schema of settings as a function that checks by it. */
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { DpuError } from '../errors.ts';
import { bounded } from './bounded.ts';
import { wrongDefault } from './default-fault.ts';
import { describe } from './describe.ts';

/** @returns a copy of the settings with the schema's defaults, or what is wrong with them */
export type SettingsCheck = (settings: unknown) => { settings: unknown } | { errors: ErrorObject[] };

/** Compiling takes milliseconds and memory; a plugin's schema stays one object for as long as it is used. */
const compiled = new WeakMap<object, SettingsCheck | DpuError>();

/**
 * @throws DpuError INVALID_ARGUMENT saying what is wrong with the schema: it cannot be compiled, refers to another
 * document, is asynchronous (ajv's `$async`, by which anything would pass) or takes too long. The check throws that too
 * where the schema fails for those settings only.
 */
export function settingsCheck(schema: object): SettingsCheck {
  const known = compiled.get(schema) ?? compiledOrFault(schema);
  compiled.set(schema, known);
  if (known instanceof DpuError) throw known;
  return known;
}

function compiledOrFault(schema: object): SettingsCheck | DpuError {
  try {
    return checkBy(orSchemaFault(() => compile(schema)));
  } catch (error) {
    return DpuError.from(error);
  }
}

function checkBy(validate: ValidateFunction): SettingsCheck {
  if ('$async' in validate) throw schemaFault('it must not be asynchronous ($async)');
  const check: SettingsCheck = (settings) => {
    const copy: unknown = structuredClone(settings);
    if (orSchemaFault(() => validate(copy))) return { settings: copy };
    const errors = validate.errors ?? [];
    const ofSchema = wrongDefault(errors, settings);
    if (ofSchema) throw schemaFault(`the default of ${describe(ofSchema, 'settings')}`);
    return { errors };
  };
  // One that refers to itself without going a step down fails for any settings, and a wrong default for none.
  check({});
  return check;
}

function compile(schema: object): ValidateFunction {
  // Unknown keywords and formats are mistakes: without `strictSchema` they would check nothing.
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    strictSchema: true,
    strictTypes: false,
    // With the schema that a value broke, and the value.
    verbose: true,
    logger: false,
    // Compiling the meta-schema costs 8 MB for the life of the VSP; strictSchema finds what matters.
    meta: false,
    validateSchema: false,
  });
  addFormats.default(ajv);
  // Whatever draft it names: those since 2019 read settings alike.
  const { $schema: _draft, ...rest } = schema as Record<string, unknown>;
  return ajv.compile(rest);
}

function orSchemaFault<Result>(work: () => Result): Result {
  try {
    return bounded(work);
  } catch (error) {
    const { message } = DpuError.from(error);
    throw schemaFault(message.includes('call stack') ? 'it refers to itself without end' : message, error);
  }
}

function schemaFault(message: string, cause?: unknown): DpuError {
  return new DpuError('INVALID_ARGUMENT', `the plugin's settings schema (dpu.settings) is wrong: ${message}`, {
    cause,
  });
}
