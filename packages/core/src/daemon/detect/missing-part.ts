/** Why no rule finds a DPU that was there before, and whether its card was pulled out. Pure. */
import { doesAnswer, type PciFunction, type SysfsSnapshot } from '@dpu-operator/sdk/linux';
import { type DetectionRule, looksAtHardware, mismatch } from '@dpu-operator/sdk/manifest';
import type { KnownDpu } from './known-dpu.ts';

/**
 * What of a DPU is missing, in words; undefined where nothing is known to be.
 *
 * @param rule undefined while its plugin does not tell
 * @param labels of the node; undefined while they are not known
 */
export function missingPart(
  { functions = [] }: KnownDpu,
  rule: DetectionRule | undefined,
  snapshot: SysfsSnapshot | undefined,
  labels: Record<string, string> = {},
): string | undefined {
  if (!snapshot) return undefined;
  const present = functions.map(({ address }) => functionAt(snapshot, address)).filter((pci) => pci !== undefined);
  if (functions.length > 0 && present.length === 0) return `PCI function ${listOf(functions)} is not there`;
  if (!rule || !looksAtHardware(rule)) return undefined;
  const reasons = present.map((pci) => mismatch(rule, { snapshot, labels, pci }));
  const reason = present.length > 0 ? reasons.find((each) => each !== undefined) : mismatch(rule, { snapshot, labels });
  if (reason !== undefined && present.every(hasIds)) return reason;
  if (present.length === 0) return 'no PCI function is its';
  if (present.every(({ netdevs }) => netdevs.length === 0))
    return `PCI function ${listOf(present)} has no netdev: its driver is loading, or the netdev is in another namespace`;
  return `PCI function ${listOf(present)} does not answer as it did`;
}

/** One that cannot be read has none. */
const hasIds = ({ vendor }: PciFunction): boolean => vendor !== '';

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
    return snapshot.pci.some((f) => f.bridges.length === 0 && f.address.startsWith(`${domain}:`) && doesAnswer(f));
  }
  const nearest = bridges.map((bridge) => functionAt(snapshot, bridge)).findLast((bridge) => bridge !== undefined);
  return nearest !== undefined && doesAnswer(nearest);
}

const functionAt = (snapshot: SysfsSnapshot, address: string): PciFunction | undefined =>
  snapshot.pci.find((f) => f.address === address);

const listOf = (functions: readonly { address: string }[]): string =>
  functions.map(({ address }) => address).join(', ');
