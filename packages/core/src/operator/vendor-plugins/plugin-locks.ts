/** ConfigMaps with the lock files of plugins: what the nodes install from. */
import { gzipSync } from 'node:zlib';
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import type { VendorPlugin, VendorPluginStatus } from '../../api/kinds/vendor-plugin.ts';
import { labels } from '../../api/names/names.ts';
import { shorten } from '../../api/names/paths.ts';
import { configMap, controllerReference, isAlreadyThere, type KubeObject, type KubeStore } from '../../kube/index.ts';
import { lockKeys } from '../../plugins/install/lock-file.ts';
import { hashOfLock } from '../../plugins/lookup/lock.ts';
import { LookupError } from '../../plugins/lookup/lookup-error.ts';
import type { Caches } from '../shared/caches.ts';

/** Characters; above, a lock is compressed. */
const plainLimit = 800_000;
/** The API server takes 1 MiB for all of a ConfigMap's data. */
const limit = 1_000_000;

/** So many of a plugin's locks stay after they went out of use: a DPU may have to go back to one. */
const unusedKept = 5;

/** How the names of these ConfigMaps begin; the operator may make no others. */
export const lockPrefix = 'plugin-';

/** Names the ConfigMap: of this very VendorPlugin, and of this very text. */
function lockName({ metadata }: VendorPlugin, text: string): string {
  const uid = metadata.uid?.slice(0, 8) ?? '';
  return `${lockPrefix}${shorten(metadata.name, 200)}-${uid}-${hashOfLock(text)}`;
}

/** The locks that there are. */
export class PluginLocks {
  readonly #store: KubeStore;
  readonly #caches: Pick<Caches, 'pluginLocks' | 'dpus' | 'vspPods'>;
  readonly #namespace: string;
  /** Those that the cache has not seen yet. */
  readonly #written = new Set<string>();

  constructor(store: KubeStore, caches: Pick<Caches, 'pluginLocks' | 'dpus' | 'vspPods'>, namespace: string) {
    this.#store = store;
    this.#caches = caches;
    this.#namespace = namespace;
    caches.pluginLocks.onChange(({ metadata }) => this.#written.delete(metadata.name));
  }

  has(name: string): boolean {
    return this.#written.has(name) || this.#caches.pluginLocks.get(name, this.#namespace) !== undefined;
  }

  /**
   * Writes a lock, unless it stands there.
   *
   * @returns its name
   * @throws LookupError LockTooLarge.
   */
  async write(plugin: VendorPlugin, text: string): Promise<string> {
    const name = lockName(plugin, text);
    if (this.has(name)) return name;
    const metadata = {
      name,
      namespace: this.#namespace,
      labels: { [labels.vendorPlugin]: plugin.metadata.uid ?? '' },
      ownerReferences: [controllerReference(plugin)],
    };
    const { apiVersion, kind } = configMap;
    try {
      await this.#store.create(configMap, { apiVersion, kind, metadata, immutable: true, ...contentOf(text) });
    } catch (error) {
      if (!isAlreadyThere(error)) throw error;
    }
    this.#written.add(name);
    return name;
  }

  /** Deletes the locks of a plugin that nothing needs any more. @param status of the plugin, whose releases need theirs */
  async prune(plugin: VendorPlugin, { releases }: VendorPluginStatus): Promise<void> {
    const { pluginLocks, dpus, vspPods } = this.#caches;
    const needed = new Set(releases?.flatMap(({ lock }) => lock ?? []));
    for (const { metadata } of uselessLocks(plugin, needed, pluginLocks.list(), [...dpus.list(), ...vspPods.list()])) {
      await this.#store.delete(configMap, metadata.name, metadata.namespace, { uid: metadata.uid });
    }
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
