/** Why no rule finds a DPU that was there before, and whether its card was pulled out. Pure. */
import type { PciFunction, SysfsSnapshot } from '@dpu-operator/sdk/linux';
import type { DetectionRule } from '@dpu-operator/sdk/manifest';
import type { KnownDpu } from './find-dpus.ts';

/**
 * What of a DPU is missing, in words; undefined where nothing is known to be.
 *
 * @param rule undefined while its plugin does not tell
 */
export function missingPart(
  { functions = [] }: KnownDpu,
  rule: DetectionRule | undefined,
  snapshot: SysfsSnapshot | undefined,
): string | undefined {
  if (!snapshot) return undefined;
  const present = functions.filter(({ address }) => functionAt(snapshot, address));
  if (functions.length > 0 && present.length === 0) return `PCI function ${listOf(functions)} is not there`;
  if (!rule || !(rule.pci || rule.dmiProductContains)) return undefined;
  if (rule.dmiProductContains && !snapshot.dmiProduct.includes(rule.dmiProductContains)) {
    return `the machine's DMI product name is "${snapshot.dmiProduct}", without "${rule.dmiProductContains}"`;
  }
  if (present.length === 0) return `no PCI function ${rule.pci?.vendor}:${rule.pci?.device} is its`;
  const place = listOf(present);
  if (present.every(({ address }) => functionAt(snapshot, address)?.netdevs.length === 0)) {
    return `PCI function ${place} has no netdev: its driver is loading, or the netdev is in another namespace`;
  }
  if (rule.netdevName) return `no netdev of PCI function ${place} has a name that matches ${rule.netdevName}`;
  return `PCI function ${place} does not answer as it did`;
}

/**
 * Whether the kernel has removed all of a DPU's PCI functions. A function that is away because the bus above it does not
 * answer, or because nothing could be read, is not that.
 */
export function isUnplugged({ functions = [] }: KnownDpu, snapshot: SysfsSnapshot): boolean {
  return (
    functions.length > 0 && functions.every((place) => !functionAt(snapshot, place.address) && answers(place, snapshot))
  );
}

/** The nearest bridge that is left: a card with a switch takes the switch with it. Root buses have no function to ask. */
function answers({ address, bridges }: { address: string; bridges: string[] }, snapshot: SysfsSnapshot): boolean {
  if (bridges.length === 0) {
    const domain = address.split(':')[0];
    return snapshot.pci.some((f) => f.bridges.length === 0 && f.address.startsWith(`${domain}:`) && isReadable(f));
  }
  const nearest = bridges.map((bridge) => functionAt(snapshot, bridge)).findLast((bridge) => bridge !== undefined);
  return nearest !== undefined && isReadable(nearest);
}

/** A read of a function that does not answer gives ff (PCI Local Bus Specification 3.0, 3.2.2.3.4). */
function isReadable({ config }: PciFunction): boolean {
  return config.length >= 2 && !(config[0] === 0xff && config[1] === 0xff);
}

const functionAt = (snapshot: SysfsSnapshot, address: string): PciFunction | undefined =>
  snapshot.pci.find((f) => f.address === address);

const listOf = (functions: readonly { address: string }[]): string =>
  functions.map(({ address }) => address).join(', ');
