/** The cards that a side's rules find on a machine, and what they are called. Pure. */
import { doesAnswer, type PciFunction, type SysfsSnapshot } from '../../linux/pci/sysfs.ts';
import type { SerialManifest, SideManifest } from '../manifest.ts';
import { fillIdentifier, placeholdersOf } from './identifier.ts';
import { isAboutFunctions, mismatch, type RuleSubject, slotOf } from './rule-match.ts';
import { serialOf } from './serial.ts';

export interface Card {
  /** undefined while it cannot be told. */
  identifier: string | undefined;
  /** None where the rules are about the machine. */
  functions: PciFunction[];
  /** The fallback stands in the identifier in place of a serial number. */
  byFallback: boolean;
}

export interface CardContext extends Omit<RuleSubject, 'pci'> {
  nodeName: string;
}

/** What matches, each identifier once. */
export function findCards(side: SideManifest | undefined, context: CardContext): Card[] {
  if (!side) return [];
  const { detect } = side;
  if (!isAboutFunctions(detect)) {
    if (mismatch(detect, context) !== undefined) return [];
    return [{ identifier: render(side.identifier, { ...context }), functions: [], byFallback: false }];
  }
  const functions = context.snapshot.pci.filter((pci) => mismatch(detect, { ...context, pci }) === undefined);
  const cards = [...groupsOf(side, functions, context)].map((group) => cardOf(side, group, context));
  return merged(cards);
}

interface Numbered {
  pci: PciFunction;
  serial: Serial;
}

interface Serial {
  /** Empty while it cannot be told. */
  text: string;
  byFallback: boolean;
}

function groupsOf(side: SideManifest, functions: readonly PciFunction[], context: CardContext): Iterable<Numbered[]> {
  const { serial, groupBy = serial ? 'serial' : 'function' } = side;
  const numbered = functions.map((pci) => ({ pci, serial: serialFor(serial, pci, context) }));
  const keys = {
    function: ({ pci }: Numbered) => pci.address,
    slot: ({ pci }: Numbered) => slotOf(pci.address),
    serial: (each: Numbered) => each.serial.text,
  };
  return Map.groupBy(numbered, keys[groupBy]).values();
}

function serialFor(manifest: SerialManifest | undefined, pci: PciFunction, context: CardContext): Serial {
  if (!manifest) return { text: '', byFallback: false };
  const text = serialOf(pci, manifest.from);
  // One that does not answer may have a number when it does.
  if (text !== '' || manifest.fallback === undefined || !doesAnswer(pci)) return { text, byFallback: false };
  return { text: render(manifest.fallback, { ...context, pci }) ?? '', byFallback: true };
}

function cardOf({ identifier: template }: SideManifest, group: readonly Numbered[], context: CardContext): Card {
  const { pci, serial } = group.find((each) => each.serial.text !== '' && !each.serial.byFallback) ?? group[0] ?? {};
  return {
    identifier: render(template, { ...context, pci, serial: serial?.text ?? '' }),
    functions: group.map((each) => each.pci),
    byFallback: serial?.byFallback ?? false,
  };
}

/** Those of one identifier are one: a DPU's own side often has several functions and one name. */
function merged(cards: readonly Card[]): Card[] {
  const byIdentifier = new Map<string | undefined, Card>();
  for (const card of cards) {
    const same = byIdentifier.get(card.identifier);
    if (same) same.functions.push(...card.functions);
    else byIdentifier.set(card.identifier, card);
  }
  return [...byIdentifier.values()];
}

interface TemplateContext {
  snapshot: SysfsSnapshot;
  nodeName: string;
  pci?: PciFunction | undefined;
  serial?: string;
}

/** undefined while something that the text is made of is not there, such as a netdev whose driver still loads. */
function render(template: string, context: TemplateContext): string | undefined {
  const values = placeholdersOf(template).map((placeholder) => textOf(placeholder, context));
  if (values.includes('')) return undefined;
  return fillIdentifier(template, (placeholder) => textOf(placeholder, context));
}

function textOf(placeholder: string, { snapshot, nodeName, pci, serial }: TemplateContext): string {
  if (placeholder === 'pciAddress') return pci?.address ?? '';
  if (placeholder === 'slot') return pci ? slotOf(pci.address) : '';
  if (placeholder === 'serial') return serial ?? '';
  if (placeholder === 'node') return nodeName;
  const place = placeholder.replace(/^mac:/, '');
  const address = place.startsWith('.') && pci ? `${slotOf(pci.address)}${place}` : place;
  return snapshot.pci.find((f) => f.address === address)?.netdevs[0]?.mac ?? '';
}
