/** Update masks after AIP-134 (https://google.aip.dev/134). */
import { DpuError } from '../errors.ts';

/**
 * The current spec with the fields that the mask names taken from the incoming one. Without a mask those that the
 * incoming one has set.
 *
 * @param fields Name in the proto -> in the decoded message.
 * @throws DpuError INVALID_ARGUMENT naming a path that cannot be updated.
 */
export function mergeSpec<Spec extends object>(
  current: Spec,
  incoming: Spec,
  paths: readonly string[],
  fields: Readonly<Record<string, keyof Spec>>,
): Spec {
  const merged: Partial<Spec> = { ...current };
  for (const field of maskedFields(incoming, paths, fields)) {
    if (incoming[field] === undefined) delete merged[field];
    else merged[field] = incoming[field];
  }
  // Only optional fields can be absent from a decoded message.
  return merged as Spec;
}

function maskedFields<Spec extends object>(
  incoming: Spec,
  paths: readonly string[],
  fields: Readonly<Record<string, keyof Spec>>,
): (keyof Spec)[] {
  const all = Object.values(fields);
  if (paths.length === 0) return all.filter((field) => isSet(incoming[field]));
  return paths.flatMap((path) => {
    if (path === '*' || path === 'spec') return all;
    const field = path.startsWith('spec.') ? fields[path.slice('spec.'.length)] : undefined;
    if (field !== undefined) return [field];
    const known = Object.keys(fields).map((name) => `spec.${name}`);
    throw new DpuError('INVALID_ARGUMENT', `update_mask: ${path} cannot be updated; there are ${known.join(', ')}`);
  });
}

function isSet(value: unknown): boolean {
  if (typeof value === 'string') return value !== '' && !value.endsWith('_UNSPECIFIED');
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length > 0;
  return value !== undefined && value !== null && value !== 0;
}
