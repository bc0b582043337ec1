/** ConfigMaps with the lock files of plugins: what the nodes install from. */
import { gzipSync } from 'node:zlib';
import type { DataProcessingUnit } from '../../api/data-processing-unit.ts';
import { labels } from '../../api/names.ts';
import { shorten } from '../../api/paths.ts';
import type { VendorPlugin } from '../../api/vendor-plugin.ts';
import { configMap, controllerReference, isAlreadyThere, type KubeObject, type KubeStore } from '../../kube/index.ts';
import { lockKeys } from '../../plugins/install/lock-file.ts';
import { hashOfLock } from '../../plugins/lookup/lock.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';

/** Characters; above, a lock is compressed. */
const plainLimit = 800_000;
/** The API server takes 1 MiB for all of a ConfigMap's data. */
const limit = 1_000_000;

/** So many of a plugin's locks stay after they went out of use: a DPU may have to go back to one. */
const unusedKept = 5;

/** How the names of these ConfigMaps begin; the operator may make no others. */
export const lockPrefix = 'plugin-';

/** Names the ConfigMap: of this very VendorPlugin, and of this very text. */
export function lockName({ metadata }: VendorPlugin, text: string): string {
  const uid = metadata.uid?.slice(0, 8) ?? '';
  return `${lockPrefix}${shorten(metadata.name, 200)}-${uid}-${hashOfLock(text)}`;
}

/**
 * Writes a lock, unless it stands there.
 *
 * @throws LookupError LockTooLarge.
 */
export async function writeLock(
  store: KubeStore,
  plugin: VendorPlugin,
  namespace: string,
  text: string,
): Promise<void> {
  const metadata = {
    name: lockName(plugin, text),
    namespace,
    labels: { [labels.vendorPlugin]: plugin.metadata.uid ?? '' },
    ownerReferences: [controllerReference(plugin)],
  };
  const { apiVersion, kind } = configMap;
  try {
    await store.create(configMap, { apiVersion, kind, metadata, immutable: true, ...contentOf(text) });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}

function contentOf(text: string): object {
  if (text.length <= plainLimit) return { data: { [lockKeys.plain]: text } };
  const compressed = gzipSync(text).toString('base64');
  if (compressed.length > limit) {
    throw new LookupError('LockTooLarge', 'it depends on too many packages for one ConfigMap; publish it bundled');
  }
  return { binaryData: { [lockKeys.compressed]: compressed } };
}

/** The locks of a plugin that nothing needs any more, by name. */
export function uselessLocks(
  { metadata }: VendorPlugin,
  needed: ReadonlySet<string>,
  locks: readonly KubeObject[],
  users: readonly (KubeObject | DataProcessingUnit)[],
): KubeObject[] {
  const age = (lock: KubeObject) => lock.metadata.creationTimestamp ?? '';
  const old = locks
    .filter((lock) => lock.metadata.labels?.[labels.vendorPlugin] === metadata.uid && !needed.has(lock.metadata.name))
    .sort((a, b) => age(b).localeCompare(age(a)))
    .slice(unusedKept);
  if (old.length === 0) return [];
  // Whoever runs a release says so in its object, by the name of the lock.
  const mentions = JSON.stringify(users);
  return old.filter((lock) => !mentions.includes(lock.metadata.name));
}
