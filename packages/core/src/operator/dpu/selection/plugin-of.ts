import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { annotations } from '../../../api/names/names.ts';
import type { PluginCatalog } from '../../../plugins/catalog.ts';

/** Name of the plugin that detected a DPU; by its product for objects that an older daemon made. */
export function detectingPlugin(dpu: DataProcessingUnit, catalog: PluginCatalog): string | undefined {
  const name = dpu.metadata.annotations?.[annotations.plugin];
  if (name) return name;
  const product = dpu.spec.dpuProductName;
  return catalog.defaults().find(({ manifest }) => manifest.products.some(({ name }) => name === product))?.plugin;
}
