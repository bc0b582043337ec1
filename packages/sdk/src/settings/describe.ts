/** What is wrong with settings, in words. */
import type { ErrorObject } from 'ajv';
import { thereAre } from '../nearest.ts';

/** @param field How the settings are called. */
export function describe({ instancePath, keyword, params, message, parentSchema }: ErrorObject, field: string): string {
  const path = (...more: string[]) => [field, ...[...stepsOf(instancePath), ...more].map(step)].join('');
  const unknown = params.additionalProperty ?? params.unevaluatedProperty;
  if (unknown !== undefined) {
    return `${path(unknown)}: there is no such setting${thereAre(unknown, Object.keys(parentSchema?.properties ?? {}))}`;
  }
  if (keyword === 'required') return `${path(params.missingProperty)}: must be set`;
  const allowed = keyword === 'enum' ? ` (${params.allowedValues.join(', ')})` : '';
  return `${path()}: ${message}${allowed}`;
}

/** The names and indices of a JSON pointer. */
export function stepsOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const step = (part: string): string => (/^\d+$/.test(part) ? `[${part}]` : `.${part}`);
