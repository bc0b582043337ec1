/** A DPU as it would be detected, with a card that is made up: what a plugin is run with where there is none. Pure. */
import { DpuError } from '../../errors.ts';
import type { PluginManifest, ProductManifest } from '../manifest.ts';
import { type DetectedDpu, type DetectionInput, type DpuSide, objectName } from './detect.ts';
import { fillIdentifier } from './identifier.ts';
import { isAboutFunctions, slotOf } from './rule-match.ts';

/** Of a PCI domain that machines do not have: a plugin that looks there finds nothing of somebody else's. */
const pciAddress = 'ffff:01:00.0';
const serial = '0011223344556677';
const netdevMac = '02:00:00:00:00:01';

/**
 * The product is one with both sides where there is one, else one with this side. Its identifier has `ffff:01:00.0` for
 * `{pciAddress}`, `0011223344556677` for `{serial}` and `02:00:00:00:00:01` for MAC addresses. A side that no product
 * has is called after product and node.
 *
 * @throws DpuError INVALID_ARGUMENT where the manifest has no product.
 */
export function dpuWithoutCard(
  { packageName, manifest }: DetectionInput['plugins'][number],
  side: DpuSide,
  nodeName: string,
): DetectedDpu {
  const product = productFor(manifest, side);
  const rules = product[side];
  const textOf = (placeholder: string) => {
    if (placeholder === 'node') return nodeName;
    if (placeholder === 'pciAddress') return pciAddress;
    if (placeholder === 'slot') return slotOf(pciAddress);
    return placeholder === 'serial' ? serial : netdevMac;
  };
  const identifier = fillIdentifier(rules?.identifier ?? `${product.name}-{node}`, textOf);
  const dpu: DetectedDpu = {
    name: objectName(identifier, side),
    identifier,
    productName: product.name,
    side,
    plugin: packageName,
  };
  if (rules && isAboutFunctions(rules.detect)) dpu.functions = [{ address: pciAddress, bridges: [] }];
  return dpu;
}

function productFor({ products }: PluginManifest, side: DpuSide): ProductManifest {
  const product = products.find(({ host, dpu }) => host && dpu) ?? products.find((each) => each[side]) ?? products[0];
  if (!product) throw new DpuError('INVALID_ARGUMENT', 'dpu.products: there is none');
  return product;
}
