/** Which plugin, version and settings a DPU shall run. Pure. */
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { DataProcessingUnit } from '../api/data-processing-unit.ts';
import type { DataProcessingUnitConfig } from '../api/data-processing-unit-config.ts';
import type { PluginRun } from '../api/plugin-run.ts';
import type { PluginCatalog } from '../plugins/catalog.ts';
import type { PluginRelease } from '../plugins/release.ts';
import { checkSettings, configsOf } from './dpu-settings.ts';
import { type NodeAddress, type ResolvedSettings, resolveNodeReferences } from './node-references.ts';
import { detectingPlugin } from './plugin-of.ts';
import { pluginRun } from './rollout/plugin-run.ts';

/** Why what is asked for cannot be had: nothing changes then. */
export interface Problem {
  reason:
    | 'UnknownPlugin'
    | 'PluginGone'
    | 'VersionUnresolved'
    | 'ManifestInvalid'
    | 'SideMissing'
    | 'SettingsInvalid'
    | 'SettingsMissing'
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
}

/** The oldest config that selects the DPU holds; without one, its plugin's own version with default settings. */
export function choose(
  dpu: DataProcessingUnit,
  configs: readonly DataProcessingUnitConfig[],
  vspImage: string,
  { catalog, addressOf }: ChoiceContext,
): Choice {
  const [config] = configsOf(dpu, configs);
  const release = releaseOf(dpu, config, catalog);
  const settings = settingsOf(config, addressOf);
  const problem = 'reason' in release ? release : faultOf(release, config, settings);
  if (problem || 'reason' in release) return { config, wanted: undefined, vfs: dpu.spec, problem };
  const wanted = pluginRun(release, sideOf(dpu), settings.settings, vspImage);
  return { config, wanted, vfs: config?.spec ?? {}, problem: undefined };
}

/** What keeps a DPU from running as a config asks; undefined when nothing does. */
export function problemOf(
  dpu: DataProcessingUnit,
  config: DataProcessingUnitConfig,
  { catalog, addressOf }: ChoiceContext,
): Problem | undefined {
  const release = releaseOf(dpu, config, catalog);
  return 'reason' in release ? release : faultOf(release, config, settingsOf(config, addressOf));
}

function settingsOf(config: DataProcessingUnitConfig | undefined, addressOf: NodeAddress): ResolvedSettings {
  return resolveNodeReferences(config?.spec.settings ?? {}, addressOf);
}

function releaseOf(
  dpu: DataProcessingUnit,
  config: DataProcessingUnitConfig | undefined,
  catalog: PluginCatalog,
): PluginRelease | Problem {
  const asked = config?.spec.plugin;
  const name = asked?.name ?? detectingPlugin(dpu, catalog);
  if (!asked && !catalog.has(name ?? '')) return gone(name, dpu);
  const release = catalog.find(name ?? '', asked?.version);
  if ('reason' in release) {
    return asked ? { ...release, message: `spec.plugin: ${release.message}` } : release;
  }
  const side = sideOf(dpu);
  if (release.manifest.products.some((product) => product[side])) return release;
  const message = `plugin ${release.plugin} has no product with a ${side} side, which this DPU is; select another`;
  return { reason: 'SideMissing', message };
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
  { manifest }: PluginRelease,
  config: DataProcessingUnitConfig | undefined,
  { settings, unknownNodes }: ResolvedSettings,
): Problem | undefined {
  const [unknownNode] = unknownNodes;
  if (unknownNode !== undefined) {
    const message = `spec.settings: {nodeIp:${unknownNode}}: the cluster has no node of that name with an InternalIP`;
    return { reason: 'NodeUnknown', message };
  }
  const fault = checkSettings(manifest.settings, settings);
  if (fault === undefined) return undefined;
  if (config) return { reason: 'SettingsInvalid', message: fault };
  const message = `no DataProcessingUnitConfig selects it, but the plugin needs one: ${fault}`;
  return { reason: 'SettingsMissing', message };
}
