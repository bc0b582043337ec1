/** Which plugin, version and settings a DPU shall run. Pure. */
import { type DpuSide, type FilesNeed, podOf } from '@dpu-operator/sdk/manifest';
import type { PluginRun } from '../../../api/fields/plugin-run.ts';
import type { DataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../../../api/kinds/data-processing-unit-config.ts';
import type { PluginCatalog } from '../../../plugins/catalog.ts';
import type { ImageMirror } from '../../../plugins/image/mirror.ts';
import type { PluginRelease } from '../../../plugins/release.ts';
import { pluginRun } from '../rollout/plugin-run.ts';
import { checkSettings, configsOf } from './dpu-settings.ts';
import { type NodeAddress, type ResolvedSettings, resolveNodeReferences } from './node-references.ts';
import { detectingPlugin } from './plugin-of.ts';

/** Why what is asked for cannot be had: nothing changes then. */
export interface Problem {
  reason:
    | 'UnknownPlugin'
    | 'PluginGone'
    | 'VersionUnresolved'
    | 'ManifestInvalid'
    | 'SideMissing'
    | 'ArchitectureMissing'
    | 'SettingsInvalid'
    | 'SettingsMissing'
    | 'SecretMissing'
    | 'ConfigMapMissing'
    | 'NodeUnknown'
    | 'RolledBack';
  message: string;
}

export interface Choice {
  /** The config that holds, where one selects the DPU. */
  config: DataProcessingUnitConfig | undefined;
  /** Undefined when it cannot be had: the DPU keeps what it runs. */
  wanted: PluginRun | undefined;
  /** How many virtual functions, of the card or of each physical function. */
  vfs: Pick<DataProcessingUnit['spec'], 'numVfs' | 'numVfsPerPf'>;
  problem: Problem | undefined;
}

/** What there is in the cluster to choose by. */
export interface ChoiceContext {
  catalog: PluginCatalog;
  addressOf: NodeAddress;
  /** As Go names it; undefined where the node has not said it. */
  architectureOf(nodeName: string): string | undefined;
  imageMirrors: readonly ImageMirror[];
}

/** The oldest config that selects the DPU holds; without one, its plugin's own version with default settings. */
export function choose(
  dpu: DataProcessingUnit,
  configs: readonly DataProcessingUnitConfig[],
  vspImage: string,
  { catalog, addressOf, architectureOf, imageMirrors }: ChoiceContext,
): Choice {
  const [config] = configsOf(dpu, configs);
  const release = releaseOf(dpu, config, catalog, architectureOf);
  const settings = settingsOf(config, addressOf);
  const problem = 'reason' in release ? release : faultOf(release, sideOf(dpu), config, settings);
  if (problem || 'reason' in release) return { config, wanted: undefined, vfs: dpu.spec, problem };
  const { secret, configMap } = config?.spec ?? {};
  const wishes = { settings: settings.settings, secret: secret?.name, configMap: configMap?.name };
  const wanted = pluginRun(release, sideOf(dpu), wishes, vspImage, imageMirrors);
  return { config, wanted, vfs: config?.spec ?? {}, problem: undefined };
}

/** What keeps a DPU from running as a config asks; undefined when nothing does. */
export function problemOf(
  dpu: DataProcessingUnit,
  config: DataProcessingUnitConfig,
  { catalog, addressOf, architectureOf }: ChoiceContext,
): Problem | undefined {
  const release = releaseOf(dpu, config, catalog, architectureOf);
  return 'reason' in release ? release : faultOf(release, sideOf(dpu), config, settingsOf(config, addressOf));
}

function settingsOf(config: DataProcessingUnitConfig | undefined, addressOf: NodeAddress): ResolvedSettings {
  return resolveNodeReferences(config?.spec.settings ?? {}, addressOf);
}

function releaseOf(
  dpu: DataProcessingUnit,
  config: DataProcessingUnitConfig | undefined,
  catalog: PluginCatalog,
  architectureOf: ChoiceContext['architectureOf'],
): PluginRelease | Problem {
  const asked = config?.spec.plugin;
  const name = asked?.name ?? detectingPlugin(dpu, catalog);
  if (!asked && !catalog.has(name ?? '')) return gone(name, dpu);
  const release = catalog.find(name ?? '', asked?.version);
  if ('reason' in release) {
    return asked ? { ...release, message: `spec.plugin: ${release.message}` } : release;
  }
  const side = sideOf(dpu);
  if (release.manifest.products.some((product) => product[side])) {
    return architectureFault(dpu, release, architectureOf(dpu.spec.nodeName)) ?? release;
  }
  const message = `plugin ${release.plugin} has no product with a ${side} side, which this DPU is; select another`;
  return { reason: 'SideMissing', message };
}

function architectureFault(
  { spec }: DataProcessingUnit,
  { plugin, image, architectures }: PluginRelease,
  architecture: string | undefined,
): Problem | undefined {
  if (!architectures || architecture === undefined || architectures.includes(architecture)) return undefined;
  const message = `node ${spec.nodeName} is ${architecture}; plugin ${plugin} has its image ${image} for ${architectures.join(', ')} only: ask its vendor for one that is for both`;
  return { reason: 'ArchitectureMissing', message };
}

function sideOf({ spec }: DataProcessingUnit): DpuSide {
  return spec.isDpuSide ? 'dpu' : 'host';
}

function gone(name: string | undefined, { spec }: DataProcessingUnit): Problem {
  if (name === undefined) {
    const message = `no plugin knows the product ${spec.dpuProductName}; use an operator and daemon of the same version`;
    return { reason: 'UnknownPlugin', message };
  }
  const message = `VendorPlugin ${name}, which detected this DPU, is gone: create it again, or the DPU goes when no pod uses it`;
  return { reason: 'PluginGone', message };
}

function faultOf(
  { manifest, plugin }: PluginRelease,
  side: DpuSide,
  config: DataProcessingUnitConfig | undefined,
  { settings, unknownNodes }: ResolvedSettings,
): Problem | undefined {
  const [unknownNode] = unknownNodes;
  if (unknownNode !== undefined) {
    const message = `spec.settings: {nodeIp:${unknownNode}}: the cluster has no node of that name with an InternalIP`;
    return { reason: 'NodeUnknown', message };
  }
  const { secret, configMap } = podOf(manifest, side);
  const files =
    filesFault(plugin, 'secret', secret, config?.spec.secret) ??
    filesFault(plugin, 'configMap', configMap, config?.spec.configMap);
  if (files) return files;
  const fault = checkSettings(manifest.settings, settings);
  if (fault === undefined) return undefined;
  if (config) return { reason: 'SettingsInvalid', message: fault };
  const message = `no DataProcessingUnitConfig selects it, but the plugin needs one: ${fault}`;
  return { reason: 'SettingsMissing', message };
}

/** Whether a config names a Secret or ConfigMap where, and only where, the plugin reads one. */
function filesFault(
  plugin: string,
  field: 'secret' | 'configMap',
  need: FilesNeed | undefined,
  named: { name: string } | undefined,
): Problem | undefined {
  const kind = field === 'secret' ? 'Secret' : 'ConfigMap';
  if (!need && named) {
    const message = `spec.${field}: plugin ${plugin} reads no ${kind} on this side; leave it out`;
    return { reason: 'SettingsInvalid', message };
  }
  if (!need || need.optional || named) return undefined;
  const what = need.description ? ` (${need.description})` : '';
  const message = `plugin ${plugin} needs a ${kind} with ${need.keys.join(', ')}${what}: name it in spec.${field} of a DataProcessingUnitConfig`;
  return { reason: `${kind}Missing`, message };
}
