/** What the store and the informers need to know of a kind, and of any object. */
import type { z } from 'zod';
import type { Metadata, OwnerReference } from '../../api/fields/meta.ts';

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

/** A kind on the API server. What comes from there is parsed by the schema, which drops what nobody here reads. */
export interface ResourceType<T extends KubeObject> {
  apiVersion: T['apiVersion'];
  kind: T['kind'];
  plural: string;
  namespaced: boolean;
  schema: z.ZodType<T>;
  /** Whether metadata is all that is read of it: lists and watches bring no more over then. */
  metadataOnly?: boolean;
}

/** What a list or watch of a kind is asked for. A server that does not know it sends whole objects, of which the schema takes its part. */
export function acceptOf(
  { metadataOnly }: Pick<ResourceType<KubeObject>, 'metadataOnly'>,
  kind: 'list' | 'watch',
): string {
  if (!metadataOnly) return 'application/json';
  const as = kind === 'list' ? 'PartialObjectMetadataList' : 'PartialObjectMetadata';
  return `application/json;as=${as};g=meta.k8s.io;v=v1,application/json`;
}

/** Names an object well enough for an event or a message. */
export type ObjectReference = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  metadata: Pick<Metadata, 'name' | 'namespace' | 'uid' | 'resourceVersion'>;
};

/** The path of a collection, or of one object where a name is given. */
export function resourcePath(
  type: Pick<ResourceType<KubeObject>, 'apiVersion' | 'plural' | 'namespaced'>,
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string {
  const root = type.apiVersion.includes('/') ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`;
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const rest = [name, subresource].filter((part) => part !== undefined).map(encodeURIComponent);
  return [`${root}${scope}/${type.plural}`, ...rest].join('/');
}

/** `namespace/name`, or the name alone for cluster-scoped objects: the key of caches and queues. */
export function keyOf(object: { metadata: Pick<Metadata, 'name' | 'namespace'> }): string {
  return objectKey(object.metadata.name, object.metadata.namespace);
}

export function objectKey(name: string, namespace?: string): string {
  return namespace ? `${namespace}/${name}` : name;
}

/** Sorts older objects before younger ones, then by key. RFC 3339 times in UTC sort as text. */
export function olderFirst(a: KubeObject, b: KubeObject): number {
  return compare(a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '') || compare(keyOf(a), keyOf(b));
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Makes `owner` the controller of an object, so that the API server deletes the object with it. */
export function controllerReference(owner: KubeObject): OwnerReference {
  if (!owner.metadata.uid) throw new Error(`${owner.kind} ${owner.metadata.name} is not on the API server yet`);
  return {
    apiVersion: owner.apiVersion,
    kind: owner.kind,
    name: owner.metadata.name,
    uid: owner.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** The name of the controlling owner of that kind: maps a change of a made object to the key to reconcile. */
export function controllerName(object: KubeObject, kind: string): string | undefined {
  return object.metadata.ownerReferences?.find((owner) => owner.controller && owner.kind === kind)?.name;
}
