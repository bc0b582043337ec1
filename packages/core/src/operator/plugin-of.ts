import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import { annotations } from '../api/names.ts';
import type { InstalledPlugin } from '../plugins/installed.ts';

/** The plugin that detected a DPU; by its product for objects that an older daemon made. */
export function pluginOf(dpu: DataProcessingUnit, plugins: readonly InstalledPlugin[]): InstalledPlugin | undefined {
  const packageName = dpu.metadata.annotations?.[annotations.plugin];
  if (packageName) return plugins.find((plugin) => plugin.packageName === packageName);
  const product = dpu.spec.dpuProductName;
  return plugins.find(({ manifest }) => manifest.products.some(({ name }) => name === product));
}
