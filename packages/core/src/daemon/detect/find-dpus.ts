/** Which DPUs a node has, by the plugins that there are and by what is known from before. Pure. */
import type { SysfsSnapshot } from '@dpu-operator/sdk/linux';
import {
  type DetectedDpu,
  type DpuSide,
  detectDpus,
  isExcludedByLabels,
  labelsOf,
  looksAtHardware,
  type ProductManifest,
} from '@dpu-operator/sdk/manifest';
import type { PluginCatalog } from '../../plugins/catalog.ts';
import { type Presence, there, unknown } from '../presence.ts';
import type { KnownDpu } from './known-dpu.ts';
import { isUnplugged, missingPart } from './missing-part.ts';
import { assignNames, type NameConflict } from './names.ts';
import { type ServedDpu, servedAsKnown } from './served-dpu.ts';

export interface DpuFinding {
  dpu: KnownDpu;
  presence: Presence<ServedDpu>;
  /** Why somebody's order ends it. */
  removal?: string;
  /** The plugin that detected it is no more: the DPU stays as long as something uses it. */
  pluginGone?: true;
  /** Another DPU of this node says that it is this one, and is not served: which, in words. */
  rival?: string;
  /** Its PCI functions are away while the bus above them answers: it is gone for certain if that stays so. */
  unplugged?: true;
}

export interface FindInput {
  catalog: PluginCatalog;
  /** undefined where nothing depends on hardware. */
  snapshot: SysfsSnapshot | undefined;
  /** Labels and uid are undefined while they are not known. */
  node: { name: string; uid: string | undefined; labels: Record<string, string> | undefined };
  mode: 'auto' | DpuSide;
  known: readonly KnownDpu[];
  /** Plugins that are no more, for certain. */
  gonePlugins: ReadonlySet<string>;
  /** Whether DPUs that were not known are taken into service. */
  takesNew: boolean;
}

const noHardware: SysfsSnapshot = { pci: [], dmiProduct: '', compatible: [] };

/** Everything that is known or found, by name. */
export function findDpus(input: FindInput): DpuFinding[] {
  const { catalog, known, takesNew, mode } = input;
  const node = { name: input.node.name, labels: input.node.labels ?? {} };
  const detected = catalog.defaults().flatMap(({ plugin, manifest }) => {
    const plugins = [{ packageName: plugin, manifest }];
    return detectDpus({ plugins, snapshot: input.snapshot ?? noHardware, node, mode });
  });
  const { named, conflicts } = assignNames(detected, known);
  const knownNames = new Set(known.map(({ name }) => name));
  const findings = new Map<string, DpuFinding>();
  for (const dpu of named) {
    const isNew = !knownNames.has(dpu.name);
    if (isNew && (!takesNew || isTheDpuItself(dpu, known, catalog))) continue;
    const rival = conflicts.find(({ served }) => served.name === dpu.name);
    const served = onNode(dpu, input.node.uid ?? known.find(({ name }) => name === dpu.name)?.nodeUid);
    findings.set(dpu.name, { dpu: served, presence: there(served), ...(rival && { rival: describe(rival) }) });
  }
  for (const dpu of known) {
    if (!findings.has(dpu.name)) findings.set(dpu.name, findMissing(dpu, input));
  }
  return [...findings.values()].sort((a, b) => (a.dpu.name < b.dpu.name ? -1 : 1));
}

function onNode(dpu: DetectedDpu, nodeUid: string | undefined): ServedDpu {
  return nodeUid === undefined ? dpu : { ...dpu, nodeUid };
}

function describe({ refused }: NameConflict): string {
  const { productName, plugin, identifier, functions = [] } = refused;
  const place = functions.length > 0 ? ` at ${functions.map(({ address }) => address).join(', ')}` : '';
  return `${productName}${place}, which plugin ${plugin} calls ${identifier}`;
}

/**
 * A DPU that no rule finds (any more). Rules about hardware that stop matching prove nothing. Those by label are orders,
 * unless the Node object is another one: who registers a node anew sets its labels one by one.
 */
function findMissing(dpu: KnownDpu, { catalog, gonePlugins, snapshot, node, mode }: FindInput): DpuFinding {
  if (mode !== 'auto' && mode !== dpu.side) {
    return { dpu, presence: asKnown(dpu), removal: `spec.mode of the DpuOperatorConfig is ${mode}` };
  }
  if (gonePlugins.has(dpu.plugin)) return { dpu, presence: asKnown(dpu), pluginGone: true };
  const rule = productOf(dpu, catalog)?.[dpu.side]?.detect;
  if (rule && node.labels && isExcludedByLabels(rule, node.labels)) {
    const wanted = labelsOf(rule).join(', ');
    if (node.uid === undefined || dpu.nodeUid !== node.uid) {
      return {
        dpu,
        presence: unknown(`node ${node.name}, as it is registered now, has not had the label ${wanted} yet`),
      };
    }
    return { dpu, presence: asKnown(dpu), removal: `node ${node.name} has no label ${wanted} any more` };
  }
  const reason = missingPart(dpu, rule, snapshot, node.labels);
  if (reason === undefined) return { dpu, presence: asKnown(dpu) };
  return {
    dpu,
    presence: unknown(reason),
    ...(snapshot && isUnplugged(dpu, snapshot) && { unplugged: true }),
  };
}

/** Nothing says otherwise. */
function asKnown(dpu: KnownDpu): Presence<ServedDpu> {
  const served = servedAsKnown(dpu);
  return served ? there(served) : unknown('it was detected by an earlier version, which wrote no identifier down');
}

/** Undefined while the plugin has no version, or one that does not know the product. */
function productOf({ plugin, productName }: KnownDpu, catalog: PluginCatalog): ProductManifest | undefined {
  const release = catalog.defaults().find((one) => one.plugin === plugin);
  return release?.manifest.products.find(({ name }) => name === productName);
}

/**
 * A DPU's own functions carry the ids that its hosts see. While its own side cannot be seen (no DMI table for a moment,
 * say) they are no host side all the same.
 */
function isTheDpuItself(
  { side, plugin, productName }: DetectedDpu,
  known: readonly KnownDpu[],
  catalog: PluginCatalog,
) {
  if (side !== 'host') return false;
  const ownSide = known.find((dpu) => dpu.side === 'dpu' && dpu.plugin === plugin && dpu.productName === productName);
  const rule = ownSide && productOf(ownSide, catalog)?.dpu?.detect;
  return rule !== undefined && looksAtHardware(rule);
}
