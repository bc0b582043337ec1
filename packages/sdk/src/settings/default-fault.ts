/** Tells a wrong setting of the user from a wrong default of the plugin's schema. */
import type { ErrorObject } from 'ajv';
import { stepsOf } from './describe.ts';

/** What is asked of an object may be for the user to add, whoever made the object. */
const asksForMore = new Set(['required', 'dependentRequired', 'minProperties']);
const combines = new Set(['anyOf', 'oneOf', 'not', 'if']);

/**
 * The first error about what is not the user's: a default of the schema has filled it in.
 *
 * @param settings As the user gave them.
 */
export function wrongDefault(errors: readonly ErrorObject[], settings: unknown): ErrorObject | undefined {
  return errors.find((error) => isOfDefault(error, settings, errors));
}

function isOfDefault(
  { instancePath, keyword, data }: ErrorObject,
  settings: unknown,
  all: readonly ErrorObject[],
): boolean {
  if (instancePath === '' || asksForMore.has(keyword) || isThere(settings, instancePath)) return false;
  const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
  // Of an alternative nobody knows whether it was the one that was meant.
  const isInAlternative = all.some(
    (other) => combines.has(other.keyword) && instancePath.startsWith(`${other.instancePath}/`),
  );
  return !isInAlternative && !(isObject && combines.has(keyword));
}

function isThere(settings: unknown, instancePath: string): boolean {
  return stepsOf(instancePath).reduce(valueIn, settings) !== undefined;
}

function valueIn(value: unknown, name: string): unknown {
  const has = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
  return has ? Reflect.get(value, name) : undefined;
}
