/** The DPU that a side has, as if it had been detected. */
import { DpuError } from '@dpu-operator/sdk';
import type { PluginPackage } from '@dpu-operator/sdk/host';
import { type DetectedDpu, type DetectionRule, fillIdentifier, objectName } from '@dpu-operator/sdk/manifest';
import type { SideName } from './report.ts';

/** What placeholders of an identifier stand for: there is no card. */
const pciAddress = '0000:01:00.0';
const card: Readonly<Record<string, string>> = { pciAddress, slot: '0000:01:00', serial: '0011223344556677' };
const netdevMac = '02:00:00:00:00:01';

/** Of the product that has both sides, where there is one. */
export function detectedDpu({ name: plugin, manifest }: PluginPackage, side: SideName, nodeName: string): DetectedDpu {
  const { products } = manifest;
  const product = products.find(({ host, dpu }) => host && dpu) ?? products[0];
  if (!product) throw new DpuError('INVALID_ARGUMENT', 'dpu.products: there is none');
  const textOf = (placeholder: string) => {
    if (placeholder === 'node') return nodeName;
    return placeholder.startsWith('mac:') ? netdevMac : (card[placeholder] ?? '');
  };
  const identifier = fillIdentifier(product[side]?.identifier ?? `${product.name}-{node}`, textOf);
  const dpu = { name: objectName(identifier, side), identifier, productName: product.name, side, plugin };
  return namesPci(product[side]?.detect ?? {}) ? { ...dpu, functions: [{ address: pciAddress, bridges: [] }] } : dpu;
}

function namesPci({ pci, anyOf = [], allOf = [] }: DetectionRule): boolean {
  return pci !== undefined || [...anyOf, ...allOf].some(namesPci);
}
