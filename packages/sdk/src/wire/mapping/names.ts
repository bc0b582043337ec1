/** Resource names: `{collection}/{id}`. Callers may leave the collection out, as the Go operator does. */
import { DpuError } from '../../errors.ts';

export type Collection = 'bridgePorts' | 'logicalBridges' | 'serviceChains';

/**
 * The id in a name or bare id.
 *
 * @param field Named in the error, e.g. `bridge_port.name`.
 * @throws DpuError INVALID_ARGUMENT unless the id has 4 to 63 characters of a-z, 0-9 and `-`.
 */
export function resourceId(collection: Collection, name: string, field: string): string {
  const id = bareId(collection, name);
  if (!/^[a-z0-9-]{4,63}$/.test(id)) {
    const wanted = `${collection}/{id} with an id of 4 to 63 characters of a-z, 0-9 and -`;
    throw new DpuError('INVALID_ARGUMENT', `${field} must be ${wanted}, is ${JSON.stringify(name)}`);
  }
  return id;
}

/** `{collection}/{id}`; same errors as {@link resourceId}. */
export function resourceName(collection: Collection, name: string, field: string): string {
  return `${collection}/${resourceId(collection, name, field)}`;
}

/** The id without any check. */
export function bareId(collection: Collection, name: string): string {
  return name.startsWith(`${collection}/`) ? name.slice(collection.length + 1) : name;
}
