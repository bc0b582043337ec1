/** Which DPUs a node has, by the plugins that there are and those that there were. Pure. */
import type { SysfsSnapshot } from '@dpu-operator/sdk/linux';
import { type DetectedDpu, type DetectionInput, detectDpus } from '@dpu-operator/sdk/manifest';
import type { PluginCatalog } from '../../plugins/catalog.ts';

export interface FoundDpu extends DetectedDpu {
  /** The plugin that detected it is no more: the DPU stays as long as pods use it. */
  pluginGone?: true;
}

/** What is known of a DPU that was detected before. */
export interface KnownDpu {
  /** The plugin that detected it. */
  plugin: string;
  /** Undefined where only its object is known, as after a reboot. */
  record?: DetectedDpu | undefined;
}

export interface FindInput {
  catalog: PluginCatalog;
  snapshot: SysfsSnapshot;
  node: DetectionInput['node'];
  mode: DetectionInput['mode'];
  /** By name. */
  known: ReadonlyMap<string, KnownDpu>;
}

/** A DPU that several plugins detect stays with the one that had it; a new one is the first's, in the catalog's order. */
export function findDpus({ catalog, snapshot, node, mode, known }: FindInput): FoundDpu[] {
  const found = new Map<string, FoundDpu>();
  const releases = catalog.defaults();
  for (const { plugin, manifest } of releases) {
    for (const dpu of detectDpus({ plugins: [{ packageName: plugin, manifest }], snapshot, node, mode })) {
      if (!found.has(dpu.name) || known.get(dpu.name)?.plugin === plugin) found.set(dpu.name, dpu);
    }
  }
  const looksFor = new Set(releases.map(({ plugin }) => plugin));
  for (const [name, { plugin, record }] of known) {
    if (found.has(name) || looksFor.has(plugin) || !record || !(mode === 'auto' || mode === record.side)) continue;
    // One whose version is not known (yet) tells nothing of what is there.
    found.set(name, { ...record, plugin, ...(!catalog.has(plugin) && { pluginGone: true }) });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
