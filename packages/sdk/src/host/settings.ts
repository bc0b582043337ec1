/** Validates a plugin's settings against the JSON schema in its manifest. */
import { isIPv4, isIPv6 } from 'node:net';
import type { ErrorObject } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { DpuError } from '../errors.ts';

/**
 * A copy of the settings with the schema's defaults filled in.
 *
 * @throws DpuError INVALID_ARGUMENT naming each wrong setting (`settings.vfs: must be integer`) or what is wrong with
 * the schema.
 */
export function validateSettings(schema: Record<string, unknown>, settings: unknown): unknown {
  const validate = compile(schema);
  const copy: unknown = structuredClone(settings ?? {});
  if (validate(copy)) return copy;
  throw new DpuError('INVALID_ARGUMENT', (validate.errors ?? []).map(describe).join('; '));
}

function compile(schema: Record<string, unknown>) {
  // Unknown keywords and formats are mistakes: without `strictSchema` they would check nothing.
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    strictSchema: true,
    strictTypes: false,
    logger: false,
    // Compiling the meta-schema costs 8 MB for the life of the VSP; strictSchema finds what matters.
    meta: false,
    validateSchema: false,
  });
  ajv.addFormat('ipv4', isIPv4).addFormat('ipv6', isIPv6);
  // Whatever draft it names: those since 2019 read settings alike.
  const { $schema: _draft, ...rest } = schema;
  try {
    return ajv.compile(rest);
  } catch (error) {
    throw new DpuError('INVALID_ARGUMENT', `dpu.settings: ${DpuError.from(error).message}`, { cause: error });
  }
}

function describe({ instancePath, keyword, params, message }: ErrorObject): string {
  const parts = instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (keyword === 'additionalProperties')
    return `${path([...parts, params.additionalProperty])}: there is no such setting`;
  if (keyword === 'required') return `${path([...parts, params.missingProperty])}: must be set`;
  const allowed = keyword === 'enum' ? ` (${params.allowedValues.join(', ')})` : '';
  return `${path(parts)}: ${message}${allowed}`;
}

function path(parts: string[]): string {
  return ['settings', ...parts.map((part) => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`))].join('');
}
