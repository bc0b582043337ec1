import { DpuError } from '../errors.ts';
import { describe } from './describe.ts';
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

/**
 * Checks a schema of settings before there are any.
 *
 * @throws DpuError INVALID_ARGUMENT saying what is wrong with a schema of settings by itself.
 */
export function requireSettingsSchema(schema: object): void {
  settingsCheck(schema);
}
