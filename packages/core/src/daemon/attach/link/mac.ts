/** MAC addresses in the forms that runtimes and Multus pass on: those of Go's net.ParseMAC. */
const separated = /^[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}$/;
const dotted = /^[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}$/;

/** @returns the form that the kernel prints, or undefined where it is no address that an interface may have */
export function normalizeMac(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (!separated.test(lower) && !dotted.test(lower)) return undefined;
  const bytes = lower.replaceAll(/[^0-9a-f]/g, '').match(/../g) ?? [];
  const isMulticast = (Number.parseInt(bytes[0] ?? '', 16) & 1) === 1;
  const isZero = bytes.every((byte) => byte === '00');
  return isMulticast || isZero ? undefined : bytes.join(':');
}
