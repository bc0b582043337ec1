/**
 * Which DPUs a node has, by the declarative rules of the plugins' manifests. Pure: the same node looked at twice gives
 * the same DPUs with the same names, in the same order.
 */
import type { PciFunction, SysfsSnapshot } from '../../linux/pci/sysfs.ts';
import type { PluginManifest, SideManifest } from '../manifest.ts';
import { findCards } from './cards.ts';
import { looksAtHardware } from './rule-match.ts';

/** `host`: the machine that the card is plugged into. `dpu`: the card's own. */
export type DpuSide = 'host' | 'dpu';

/** A DPU that the rules of a plugin found on a node. */
export interface DetectedDpu {
  /** Name of the DataProcessingUnit object. */
  name: string;
  /** What the VSP's Init is given. */
  identifier: string;
  productName: string;
  side: DpuSide;
  /** npm name of the plugin that knows it. */
  plugin: string;
  /** The PCI functions by which it was found; absent where its rules name none. */
  functions?: PciPlace[];
  /** Its identifier has the fallback in place of a serial number, which could not be read. */
  byFallback?: true;
}

/** Where a PCI function is plugged in. */
export interface PciPlace {
  /** `0000:01:00.0` */
  address: string;
  /** Addresses of the PCI bridges above it, the root's first. */
  bridges: string[];
}

/** The plugins that there are, and the machine to look at. */
export interface DetectionInput {
  plugins: readonly { packageName: string; manifest: PluginManifest }[];
  snapshot: SysfsSnapshot;
  node: { name: string; labels: Record<string, string> };
  /** Sides that may be looked for: DpuOperatorConfig's `mode`. */
  mode: 'auto' | DpuSide;
}

/**
 * A product's host side is not looked for on a machine that its hardware rules show to be that DPU itself: an IPU's own
 * functions carry the PCI ids that the host sees. Products chosen by a node label alone may be both.
 */
export function detectDpus({ plugins, snapshot, node, mode }: DetectionInput): DetectedDpu[] {
  const found = new Map<string, DetectedDpu>();
  for (const { packageName, manifest } of plugins) {
    for (const product of manifest.products) {
      const context = { snapshot, labels: node.labels, nodeName: node.name };
      const matches = (side: DpuSide) => findCards(product[side], context);
      const dpu = matches('dpu');
      const isTheDpu = dpu.length > 0 && product.dpu !== undefined && looksAtHardware(product.dpu.detect);
      const cards = { dpu, host: isTheDpu ? [] : matches('host') };
      for (const side of ['host', 'dpu'] as const) {
        if (mode !== 'auto' && mode !== side) continue;
        for (const { identifier, functions, byFallback } of cards[side]) {
          if (identifier === undefined) continue;
          const name = objectName(identifier, side);
          if (found.has(name)) continue;
          found.set(name, {
            name,
            identifier,
            productName: product.name,
            side,
            plugin: packageName,
            ...(functions.length > 0 && { functions: functions.map(placeOf) }),
            ...(byFallback && { byFallback }),
          });
        }
      }
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether hardware coming or going can change what is detected; labels alone need no look at the machine. */
export function needsHardware(plugins: DetectionInput['plugins']): boolean {
  return plugins.some(({ manifest }) =>
    manifest.products.some((p) => [p.host, p.dpu].some((side) => side && looksAtHardware(side.detect))),
  );
}

/** DataProcessingUnit name: the identifier in characters that Kubernetes allows, and the side. */
export function objectName(identifier: string, side: DpuSide): string {
  const safe = identifier
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return `${safe}-${side}`;
}

type PciIds = Pick<PciFunction, 'vendor' | 'device'>;

/** Whether a function's Vital Product Data is needed: reading that takes a card a while, so it is read where a rule asks. */
export function needsVpd(plugins: DetectionInput['plugins']): (pci: PciIds) => boolean {
  const sides = plugins.flatMap(({ manifest }) => manifest.products.flatMap(({ host, dpu }) => [host, dpu]));
  const rules = sides.flatMap((side) => (side?.serial?.from.includes('vpd') ? [side.detect] : []));
  const wanted = rules.flatMap(idsOf);
  return ({ vendor, device }) => wanted.some((ids) => ids.vendor === vendor && ids.device === device);
}

/** Of the PCI functions that a rule may match. */
function idsOf({ pci, anyOf = [], allOf = [] }: SideManifest['detect']): PciIds[] {
  return [...(pci ? [pci] : []), ...[...anyOf, ...allOf].flatMap(idsOf)];
}

const placeOf = ({ address, bridges }: PciPlace): PciPlace => ({ address, bridges });
