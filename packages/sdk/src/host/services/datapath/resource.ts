/** What the AIP methods of all resources have in common: names, paging, and the status in an answer. */
import type { ResourceStatus } from '../../../contract/contract.ts';
import { DpuError } from '../../../errors.ts';
import { type Collection, resourceName } from '../../../wire/mapping/names.ts';
import { page } from '../../calls/paging.ts';
import type { DataPathLoop } from '../../datapath/loop.ts';
import { all, type ContentOf, type Kind } from '../../datapath/state.ts';

/** A page, its resources with their status. */
export async function listed<K extends Kind>(
  loop: DataPathLoop,
  kind: K,
  { pageSize, pageToken }: { pageSize: number; pageToken: string },
): Promise<{ resources: (ContentOf<K> & ResourceStatus)[]; nextPageToken: string }> {
  const objects = [...all(loop.state, kind)].map(([name, content]) => ({ name, content }));
  const { resources, nextPageToken } = page(objects, pageSize, pageToken);
  const statuses = await loop.statuses(resources.map(({ name }) => name));
  return {
    resources: resources.map(({ name, content }) => withStatus(content, statuses.get(name))),
    nextPageToken,
  };
}

/** @throws DpuError INVALID_ARGUMENT for a name that is none, and why it cannot go. */
export async function removed(
  loop: DataPathLoop,
  kind: Kind,
  collection: Collection,
  { name, allowMissing }: { name: string; allowMissing: boolean },
): Promise<void> {
  await loop.request(loop.requests.delete(kind, resourceName(collection, name, 'name'), allowMissing));
}

/**
 * A resource with its status.
 *
 * @throws DpuError INVALID_ARGUMENT for a name that is none, NOT_FOUND.
 */
export async function found<K extends Kind>(
  loop: DataPathLoop,
  kind: K,
  collection: Collection,
  name: string,
): Promise<ContentOf<K> & ResourceStatus> {
  const full = resourceName(collection, name, 'name');
  const entry = loop.state.get(full);
  if (entry?.kind !== kind) throw new DpuError('NOT_FOUND', `${full} does not exist`);
  const statuses = await loop.statuses([full]);
  // The kind says what the content is.
  return withStatus(entry.content as ContentOf<K>, statuses.get(full));
}

function withStatus<Content extends object>(content: Content, status: ResourceStatus = {}): Content & ResourceStatus {
  return { ...content, ...status };
}
