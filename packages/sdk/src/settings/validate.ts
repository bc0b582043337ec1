import type { ErrorObject } from 'ajv';
import { DpuError } from '../errors.ts';
import { settingsCheck } from './schema.ts';

/**
 * Settings checked by the JSON schema (draft 2020-12, with the formats of ajv-formats) in a plugin's manifest. Takes 0.5 s
 * of processor time at most, whatever the schema.
 *
 * @param settings None count as `{}`.
 * @param field How errors call the settings.
 * @returns a copy with the schema's defaults filled in
 * @throws DpuError INVALID_ARGUMENT naming each wrong setting (`settings.vfs: must be integer`), or what is wrong with the
 * schema.
 *
 * @example
 * const schema = { type: 'object', properties: { vfs: { type: 'integer', default: 8 } } };
 * validateSettings(schema, {}); // { vfs: 8 }
 */
export function validateSettings(schema: object, settings: unknown, field = 'settings'): unknown {
  const verdict = settingsCheck(schema)(settings ?? {});
  if ('settings' in verdict) return verdict.settings;
  throw new DpuError('INVALID_ARGUMENT', verdict.errors.map((error) => describe(error, field)).join('; '));
}

/** @throws DpuError INVALID_ARGUMENT saying what is wrong with a schema of settings by itself. */
export function requireSettingsSchema(schema: object): void {
  settingsCheck(schema);
}

function describe({ instancePath, keyword, params, message }: ErrorObject, field: string): string {
  const parts = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  const path = (...more: string[]) => [field, ...[...parts, ...more].map(step)].join('');
  const unknown = params.additionalProperty ?? params.unevaluatedProperty;
  if (unknown !== undefined) return `${path(unknown)}: there is no such setting`;
  if (keyword === 'required') return `${path(params.missingProperty)}: must be set`;
  const allowed = keyword === 'enum' ? ` (${params.allowedValues.join(', ')})` : '';
  return `${path()}: ${message}${allowed}`;
}

const step = (part: string): string => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`);
