/**
 * Templates that make a DPU's identifier: `marvell-dpu-{pciAddress}`. Placeholders are `{pciAddress}` and `{slot}` (of the
 * PCI function that the rules found), `{serial}`, `{node}`, `{mac:0000:f4:00.0}` (MAC address of the netdev of that PCI
 * function) and `{mac:.0}` (the same of that function of the slot that the rules found).
 */

const placeholder = /\{([^{}]*)\}/g;
const known = /^(pciAddress|slot|serial|node|mac:([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2})?\.[0-7])$/;

/** The placeholders of a template without their braces. */
export function placeholdersOf(template: string): string[] {
  return [...template.matchAll(placeholder)].map((match) => match[1] ?? '');
}

/** The placeholders that mean nothing. */
export function unknownPlaceholders(template: string): string[] {
  return placeholdersOf(template).filter((name) => !known.test(name));
}

/**
 * Fills the placeholders of an identifier's template.
 *
 * @param textOf What a placeholder stands for.
 */
export function fillIdentifier(template: string, textOf: (name: string) => string): string {
  return template.replace(placeholder, (_all, name: string) => textOf(name));
}
