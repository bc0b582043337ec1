/**
 * Which DPUs a node has, by the declarative rules of the plugins' manifests. Pure: the same node looked at twice gives
 * the same DPUs with the same names, in the same order.
 */

import type { PciFunction, SysfsSnapshot } from '../linux/sysfs.ts';
import { fillIdentifier, placeholdersOf } from './identifier.ts';
import type { DetectionRule, PluginManifest, SideManifest } from './manifest.ts';

export type DpuSide = 'host' | 'dpu';

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
}

/** Where a PCI function is plugged in. */
export interface PciPlace {
  /** `0000:01:00.0` */
  address: string;
  /** Addresses of the PCI bridges above it, the root's first. */
  bridges: string[];
}

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
      const matches = (side: DpuSide) => matchSide(product[side], snapshot, node);
      const dpu = matches('dpu');
      const isTheDpu = dpu.length > 0 && product.dpu !== undefined && looksAtHardware(product.dpu.detect);
      const cards = { dpu, host: isTheDpu ? [] : matches('host') };
      for (const side of ['host', 'dpu'] as const) {
        if (mode !== 'auto' && mode !== side) continue;
        for (const { identifier, functions } of cards[side]) {
          if (identifier === undefined) continue;
          const name = objectName(identifier, side);
          if (found.has(name)) continue;
          found.set(name, {
            name,
            identifier,
            productName: product.name,
            side,
            plugin: packageName,
            ...(functions.length > 0 && { functions }),
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

const looksAtHardware = (rule: DetectionRule): boolean =>
  Boolean(rule.pci || rule.netdevName || rule.dmiProductContains || rule.uniqueBySerial);

interface Card {
  /** undefined while it cannot be told. */
  identifier: string | undefined;
  functions: PciPlace[];
}

/** What matches, each identifier once. */
function matchSide(
  side: SideManifest | undefined,
  snapshot: SysfsSnapshot,
  node: DetectionInput['node'],
): readonly Card[] {
  if (!side) return [];
  const { detect, identifier: template } = side;
  if (detect.nodeLabel && !detect.nodeLabel.values.includes(node.labels[detect.nodeLabel.key] ?? '')) return [];
  if (detect.dmiProductContains && !snapshot.dmiProduct.includes(detect.dmiProductContains)) return [];
  const context = { snapshot, nodeName: node.name };
  if (!detect.pci) return [{ identifier: render(template, context), functions: [] }];
  const identifiers = new Map<string, string | undefined>();
  const cards = new Map<string | undefined, Card>();
  for (const pci of snapshot.pci.filter((f) => matchesFunction(detect, f))) {
    const serial = detect.uniqueBySerial ? serialOf(pci, detect.uniqueBySerial) : '';
    const key = detect.uniqueBySerial ? serial : pci.address;
    if (!identifiers.has(key)) identifiers.set(key, render(template, { ...context, pci, serial }));
    const identifier = identifiers.get(key);
    const card = cards.get(identifier) ?? { identifier, functions: [] };
    card.functions.push({ address: pci.address, bridges: pci.bridges });
    cards.set(identifier, card);
  }
  return [...cards.values()];
}

function matchesFunction(rule: DetectionRule, pci: PciFunction): boolean {
  const wanted = rule.pci;
  if (!wanted) return false;
  const pattern = rule.netdevName === undefined ? undefined : new RegExp(rule.netdevName);
  return (
    hex(pci.vendor) === hex(wanted.vendor) &&
    hex(pci.device) === hex(wanted.device) &&
    (wanted.class === undefined || hex(pci.class).startsWith(hex(wanted.class))) &&
    !(wanted.notVf && pci.isVf) &&
    (pattern === undefined || pci.netdevs.some(({ name }) => pattern.test(name)))
  );
}

const hex = (id: string): string => id.toLowerCase().replace(/^0x/, '');

/** Empty while the function does not answer: then every byte reads as ff (PCI Local Bus Specification 3.0, 3.2.2.3.4). */
function serialOf(pci: PciFunction, { offset, length }: { offset: number; length: number }): string {
  const bytes = pci.config.subarray(offset, offset + length);
  return bytes.every((byte) => byte === 0xff) ? '' : Buffer.from(bytes).toString('hex');
}

interface TemplateContext {
  snapshot: SysfsSnapshot;
  nodeName: string;
  pci?: PciFunction;
  serial?: string;
}

/** undefined while something that the identifier is made of is not there, such as a netdev whose driver still loads. */
function render(template: string, context: TemplateContext): string | undefined {
  const values = placeholdersOf(template).map((placeholder) => textOf(placeholder, context));
  if (values.includes('')) return undefined;
  return fillIdentifier(template, (placeholder) => textOf(placeholder, context));
}

function textOf(placeholder: string, { snapshot, nodeName, pci, serial }: TemplateContext): string {
  if (placeholder === 'pciAddress') return pci?.address ?? '';
  if (placeholder === 'serial') return serial ?? '';
  if (placeholder === 'node') return nodeName;
  const address = placeholder.replace(/^mac:/, '');
  return snapshot.pci.find((f) => f.address === address)?.netdevs[0]?.mac ?? '';
}
