/** Serial numbers of PCI cards. Pure. */
import type { PciFunction } from '../../linux/pci/sysfs.ts';
import type { SerialSource } from '../manifest.ts';

/** By the first of the sources that has one; empty where none has. */
export function serialOf(pci: PciFunction, sources: readonly SerialSource[]): string {
  for (const source of sources) {
    const serial = serialFrom(pci, source);
    if (serial !== '') return serial;
  }
  return '';
}

function serialFrom({ config, vpd }: PciFunction, source: SerialSource): string {
  if (source === 'dsn') return deviceSerialNumber(config);
  if (source === 'vpd') return vpd ? vpdSerial(vpd) : '';
  const { offset, length } = source;
  return offset + length > config.length ? '' : hexOf(config.subarray(offset, offset + length));
}

/** Where the list of extended capabilities begins, and the id of one (PCI Express Base Specification 5.0, 7.6.3 and 7.9.3). */
const firstCapability = 0x100;
const dsnCapability = 0x0003;

function deviceSerialNumber(config: Uint8Array): string {
  const view = new DataView(config.buffer, config.byteOffset, config.byteLength);
  let offset = firstCapability;
  // A list that is broken may have a loop: it has no more entries than there is room for.
  for (let left = config.length / 8; left > 0 && offset >= firstCapability && offset + 12 <= config.length; left--) {
    const header = view.getUint32(offset, true);
    if ((header & 0xffff) === dsnCapability) return hexOf(config.slice(offset + 4, offset + 12).reverse());
    offset = header >>> 20;
  }
  return '';
}

const readOnlyTag = 0x90;
const endTag = 0x78;

/** The keyword SN of the read-only part (PCI Local Bus Specification 3.0, appendix I). */
function vpdSerial(vpd: Uint8Array): string {
  for (let at = 0; at < vpd.length && vpd[at] !== endTag; ) {
    const tag = vpd[at] ?? 0;
    // Of a small resource the length is in the tag.
    const isLarge = (tag & 0x80) !== 0;
    const length = isLarge ? wordAt(vpd, at + 1) : tag & 0x07;
    const body = at + (isLarge ? 3 : 1);
    if (tag === readOnlyTag) return keyword(vpd.subarray(body, body + length), 'SN');
    at = body + length;
  }
  return '';
}

function keyword(fields: Uint8Array, name: string): string {
  for (let at = 0; at + 3 <= fields.length; at += 3 + (fields[at + 2] ?? 0)) {
    const value = fields.subarray(at + 3, at + 3 + (fields[at + 2] ?? 0));
    if (textOf(fields.subarray(at, at + 2)) === name) return textOf(value);
  }
  return '';
}

const wordAt = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);

/** Without what pads it, and what nobody can read. */
const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString('latin1')
    .replace(/[^\x21-\x7e]+/g, ' ')
    .trim()
    .replaceAll(' ', '-');

/** Empty for zeros or ones only: a number that nobody has programmed, or a function that does not answer. */
function hexOf(bytes: Uint8Array): string {
  const isBlank = [0x00, 0xff].some((blank) => bytes.every((byte) => byte === blank));
  return isBlank ? '' : Buffer.from(bytes).toString('hex');
}
