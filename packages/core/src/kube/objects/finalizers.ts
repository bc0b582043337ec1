import type { KubeObject, ResourceType } from './resource.ts';
import type { KubeStore } from './store.ts';

export function hasFinalizer(object: KubeObject, finalizer: string): boolean {
  return object.metadata.finalizers?.includes(finalizer) ?? false;
}

export function isBeingDeleted(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/**
 * Puts a finalizer on an object, unless it is there. The whole list is written under the object's resource version:
 * a merge patch replaces lists, and another's finalizer must not be lost.
 *
 * @throws ApiError 409 when the object has changed since it was read; try again with the newer one.
 */
export async function addFinalizer<T extends KubeObject>(
  store: KubeStore,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  if (hasFinalizer(object, finalizer)) return object;
  return await writeFinalizers(store, type, object, [...(object.metadata.finalizers ?? []), finalizer]);
}

/** Takes a finalizer off, unless it is off. @throws ApiError 409 as {@link addFinalizer}. */
export async function removeFinalizer<T extends KubeObject>(
  store: KubeStore,
  type: ResourceType<T>,
  object: T,
  finalizer: string,
): Promise<T> {
  if (!hasFinalizer(object, finalizer)) return object;
  const rest = object.metadata.finalizers?.filter((name) => name !== finalizer) ?? [];
  return await writeFinalizers(store, type, object, rest);
}

function writeFinalizers<T extends KubeObject>(store: KubeStore, type: ResourceType<T>, object: T, list: string[]) {
  const { name, namespace, resourceVersion, uid } = object.metadata;
  return store.patch(type, name, namespace, { metadata: { finalizers: list, resourceVersion, uid } });
}
