import type { Sysfs } from '../linux/pci/sysfs.ts';
import { type DetectedDpu, type DetectionInput, detectDpus, needsVpd } from '../manifest/detection/detect.ts';
import { parsePluginManifest } from '../manifest/parse.ts';

/** A plugin, and the machine that its rules are tried on. */
export interface DetectOptions {
  /** What the plugin's package.json holds. */
  packageJson: unknown;
  /** The machine, e.g. a {@link FakeSysfs}. Default: one without hardware. */
  sysfs?: Sysfs;
  /** Default: `node-1` without labels. */
  node?: Partial<DetectionInput['node']>;
}

/**
 * The DPUs that a node's daemon finds on a machine by the rules in the plugin's manifest.
 *
 * @throws DpuError INVALID_ARGUMENT naming what is wrong in the manifest
 */
export async function detect({ packageJson, sysfs, node }: DetectOptions): Promise<DetectedDpu[]> {
  const plugins = [{ packageName: 'plugin', manifest: parsePluginManifest(packageJson) }];
  return detectDpus({
    plugins,
    snapshot: (await sysfs?.snapshot({ vpd: needsVpd(plugins) })) ?? { pci: [], dmiProduct: '', compatible: [] },
    node: { name: 'node-1', labels: {}, ...node },
    mode: 'auto',
  });
}
