/** Whether a machine, or a PCI function of it, is what a detection rule is about. Pure. */
import type { PciFunction, SysfsSnapshot } from '../../linux/pci/sysfs.ts';
import type { DetectionRule, PciRule, PresenceRule } from '../manifest.ts';

/** What a rule is held against. */
export interface RuleSubject {
  snapshot: SysfsSnapshot;
  labels: Readonly<Record<string, string>>;
  /** For rules about a PCI function. */
  pci?: PciFunction | undefined;
}

/** Why a rule does not match, in words; undefined where it does. */
export function mismatch(rule: DetectionRule, subject: RuleSubject): string | undefined {
  return (
    labelMismatch(rule, subject) ??
    machineMismatch(rule, subject) ??
    functionMismatch(rule, subject) ??
    presenceMismatch(rule, subject) ??
    combinedMismatch(rule, subject)
  );
}

/** Whether a rule depends on hardware, which comes and goes without anybody's order. */
export function looksAtHardware(rule: DetectionRule): boolean {
  return namesHardware(rule) || partsOf(rule).some(looksAtHardware);
}

/** Whether a rule is about PCI functions, each of which it may match, and not about the machine. */
export function isAboutFunctions({ pci, anyOf = [], allOf = [] }: DetectionRule): boolean {
  if (pci !== undefined || allOf.some(isAboutFunctions)) return true;
  return anyOf.length > 0 && anyOf.every(isAboutFunctions);
}

/** Whether a rule holds what is said of a PCI function only, wherever. */
export function mentionsFunctions(rule: DetectionRule): boolean {
  if (rule.pci !== undefined || rule.netdevName !== undefined || rule.present?.sameSlot) return true;
  return partsOf(rule).some(mentionsFunctions);
}

/** Whether the labels of the node rule a match out by themselves, whatever the hardware is. */
export function isExcludedByLabels(rule: DetectionRule, labels: Readonly<Record<string, string>>): boolean {
  return verdictByLabels(rule, labels) === false;
}

/** The labels that a rule names, as `key=value|value`. */
export function labelsOf(rule: DetectionRule): string[] {
  const own = rule.nodeLabel ? [`${rule.nodeLabel.key}=${rule.nodeLabel.values.join('|')}`] : [];
  return [...own, ...partsOf(rule).flatMap(labelsOf)];
}

const partsOf = ({ anyOf = [], allOf = [], not }: DetectionRule): DetectionRule[] => [
  ...anyOf,
  ...allOf,
  ...(not ? [not] : []),
];

/** All that is neither a label nor made of other rules: also a rule that is added later. */
function namesHardware({ nodeLabel: _, anyOf: _any, allOf: _all, not: _not, ...hardware }: DetectionRule): boolean {
  return Object.values(hardware).some((part) => part !== undefined);
}

/** Undefined where hardware decides. */
function verdictByLabels(rule: DetectionRule, labels: Readonly<Record<string, string>>): boolean | undefined {
  const { nodeLabel, anyOf = [], allOf = [], not } = rule;
  const verdicts = allOf.map((part) => verdictByLabels(part, labels));
  if (nodeLabel) verdicts.push(nodeLabel.values.includes(labels[nodeLabel.key] ?? ''));
  if (anyOf.length > 0) verdicts.push(any(anyOf.map((part) => verdictByLabels(part, labels))));
  const excluded = not && verdictByLabels(not, labels);
  if (not) verdicts.push(excluded === undefined ? undefined : !excluded);
  if (namesHardware(rule)) verdicts.push(undefined);
  if (verdicts.includes(false)) return false;
  return verdicts.includes(undefined) ? undefined : true;
}

function any(verdicts: readonly (boolean | undefined)[]): boolean | undefined {
  if (verdicts.includes(true)) return true;
  return verdicts.includes(undefined) ? undefined : false;
}

function labelMismatch({ nodeLabel }: DetectionRule, { labels }: RuleSubject): string | undefined {
  if (!nodeLabel || nodeLabel.values.includes(labels[nodeLabel.key] ?? '')) return undefined;
  return `the node has no label ${nodeLabel.key}=${nodeLabel.values.join('|')}`;
}

function machineMismatch(rule: DetectionRule, { snapshot }: RuleSubject): string | undefined {
  const { dmiProductContains: product, deviceTreeCompatibleContains: compatible } = rule;
  if (product !== undefined && !snapshot.dmiProduct.includes(product)) {
    return `the machine's DMI product name is "${snapshot.dmiProduct}", without "${product}"`;
  }
  if (compatible !== undefined && !snapshot.compatible.some((text) => text.includes(compatible))) {
    return `the machine's device tree is compatible with "${snapshot.compatible.join(', ')}", without "${compatible}"`;
  }
  return undefined;
}

function functionMismatch({ pci: wanted, netdevName }: DetectionRule, { pci }: RuleSubject): string | undefined {
  if (wanted && !(pci && hasIds(pci, wanted))) return `${nameOf(pci)} is not ${idsOf(wanted)}`;
  if (netdevName === undefined) return undefined;
  const pattern = new RegExp(netdevName);
  if (pci?.netdevs.some(({ name }) => pattern.test(name))) return undefined;
  if (!pci?.netdevs.length) {
    return `${nameOf(pci)} has no netdev: its driver is loading, or the netdev is in another namespace`;
  }
  return `no netdev of ${nameOf(pci)} has a name that matches ${netdevName}`;
}

function presenceMismatch({ present }: DetectionRule, { snapshot, pci }: RuleSubject): string | undefined {
  if (!present) return undefined;
  const isThere = snapshot.pci.some((other) => other.address !== pci?.address && isWanted(other, present, pci));
  const where = present.sameSlot ? ` in the slot of ${nameOf(pci)}` : '';
  return isThere ? undefined : `there is no other PCI function ${idsOf(present)}${where}`;
}

function combinedMismatch({ anyOf = [], allOf = [], not }: DetectionRule, subject: RuleSubject): string | undefined {
  const missing = allOf.map((part) => mismatch(part, subject)).find((reason) => reason !== undefined);
  if (missing !== undefined) return missing;
  const reasons = anyOf.map((part) => mismatch(part, subject));
  if (anyOf.length > 0 && !reasons.includes(undefined)) return [...new Set(reasons)].join(', and ');
  return not && mismatch(not, subject) === undefined ? 'what a rule excludes is there' : undefined;
}

function isWanted(other: PciFunction, wanted: PresenceRule, pci: PciFunction | undefined): boolean {
  if (wanted.sameSlot && (!pci || slotOf(other.address) !== slotOf(pci.address))) return false;
  return hasIds(other, wanted);
}

function hasIds(pci: PciFunction, wanted: PciRule): boolean {
  const { subsystemVendor = pci.subsystemVendor, subsystemDevice = pci.subsystemDevice } = wanted;
  return (
    pci.vendor === wanted.vendor &&
    pci.device === wanted.device &&
    pci.subsystemVendor === subsystemVendor &&
    pci.subsystemDevice === subsystemDevice &&
    pci.class.startsWith(wanted.class ?? '') &&
    !(wanted.notVf && pci.isVf)
  );
}

/** `0000:01:00` of `0000:01:00.1`. */
export const slotOf = (address: string): string => address.replace(/\.[0-7]$/, '');

const nameOf = (pci: PciFunction | undefined): string => (pci ? `PCI function ${pci.address}` : 'the machine');

function idsOf({ vendor, device, subsystemVendor, subsystemDevice }: PciRule): string {
  const subsystem = subsystemVendor || subsystemDevice;
  return `${vendor}:${device}${subsystem ? ` of subsystem ${subsystemVendor ?? '*'}:${subsystemDevice ?? '*'}` : ''}`;
}
