/** Fields of a newer manifest that a plugin can do without. */
import { z } from 'zod';

/** Fields by their names, as in `optionalFields`: `products[].host.detect.slotName`. */
const path = /^[A-Za-z]\w*(\[\])?(\.[A-Za-z]\w*(\[\])?)*$/;

export const optionalFields = z
  .array(z.string().regex(path, 'must be names of fields with dots between, e.g. pod.host.cpuSet or products[].label'))
  .describe(
    'Fields that an operator which does not know them may pass over, e.g. pod.host.cpuSet or products[].label; without the others it refuses the plugin',
  )
  .optional();

/** Where an unknown field is in what was parsed. */
export type FieldPath = readonly PropertyKey[];

/**
 * The unknown fields that the manifest says it can do without.
 *
 * @param dpu The manifest, or whatever is in its place.
 * @param above Where in the parsed whole it is.
 */
export function fieldsPassedOver(dpu: unknown, error: z.core.$ZodError, above: string): FieldPath[] {
  const listed = z.object({ optionalFields: z.array(z.string()) }).safeParse(dpu);
  if (!listed.success) return [];
  const unknown = error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [],
  );
  const names = new Set(listed.data.optionalFields);
  return unknown.filter(([first, ...rest]) => first === above && names.has(nameOf(rest)));
}

/** A copy of what was parsed without these fields. */
export function without<T>(whole: T, fields: readonly FieldPath[]): T {
  const copy = structuredClone(whole);
  for (const field of fields) {
    let holder = copy as Record<PropertyKey, unknown>;
    for (const key of field.slice(0, -1)) holder = holder[key] as Record<PropertyKey, unknown>;
    delete holder[field.at(-1) as PropertyKey];
  }
  return copy;
}

/** In each element of a list alike. */
function nameOf(field: FieldPath): string {
  return field
    .map((key) => (typeof key === 'number' ? '[]' : `.${String(key)}`))
    .join('')
    .slice(1);
}
