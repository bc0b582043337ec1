/** Values as P4Runtime writes them: bytes in network order (P4Runtime Specification 1.4, 8.3). */

/** Of an unsigned integer up to 2^53: the canonical string, as short as it can be, and one byte for 0. */
export function bytesOf(value: number): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

/** In hex, the same for all strings of one value: a server may pad what it answers. */
export function hexOf(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes).toString('hex').replace(/^0+/, '');
  return hex === '' ? '0' : hex;
}

/** Of a MAC address `02:00:00:00:00:01`: its 48 bits. */
export function macValue(mac: string): number {
  return Number.parseInt(mac.replaceAll(':', ''), 16);
}

/** Whether an unsigned integer has no more bits than a field. */
export function fits(value: number, bits: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value < 2 ** bits;
}
