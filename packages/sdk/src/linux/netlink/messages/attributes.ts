/**
 * Netlink attributes: length, type and value, aligned to four bytes (linux/netlink.h `struct nlattr`). Numbers are in
 * the machine's byte order, which is little-endian on x86-64 and arm64.
 */

const headerLength = 4;
const NLA_F_NESTED = 0x8000;
/** Without the flags for nesting and byte order. */
const NLA_TYPE_MASK = 0x3fff;

/** To the four bytes at which the next one begins. */
export const align = (length: number): number => (length + 3) & ~3;

export function attribute(type: number, value: Uint8Array = Buffer.alloc(0)): Buffer {
  const length = headerLength + value.length;
  const bytes = Buffer.alloc(align(length));
  bytes.writeUInt16LE(length, 0);
  bytes.writeUInt16LE(type, 2);
  bytes.set(value, headerLength);
  return bytes;
}

export function u32(type: number, ...values: readonly number[]): Buffer {
  return attribute(type, words(...values));
}

/** Ended by NUL. */
export function text(type: number, value: string): Buffer {
  return attribute(type, Buffer.from(`${value}\0`));
}

export function nested(type: number, ...children: readonly Buffer[]): Buffer {
  return attribute(type | NLA_F_NESTED, Buffer.concat(children));
}

/** 32-bit numbers one after the other, as most structures of rtnetlink are. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => {
    bytes.writeUInt32LE(value, 4 * index);
  });
  return bytes;
}

/** In their order; what is cut off at the end is left out. */
export function* eachAttribute(bytes: Buffer): Generator<[type: number, value: Buffer]> {
  let offset = 0;
  while (offset + headerLength <= bytes.length) {
    const length = bytes.readUInt16LE(offset);
    if (length < headerLength || offset + length > bytes.length) return;
    yield [bytes.readUInt16LE(offset + 2) & NLA_TYPE_MASK, bytes.subarray(offset + headerLength, offset + length)];
    offset += align(length);
  }
}

/**
 * By type; of several of one type the last. A link has some forty, of which few are asked for: only those become buffers,
 * as a list of links is read at every change.
 */
export class Attributes {
  readonly #bytes: Buffer;
  /** Where the value of a type begins. */
  readonly #starts: number[] = [];
  /** Where it ends. */
  readonly #ends: number[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const { length: size } = bytes;
    let offset = 0;
    while (offset + headerLength <= size) {
      const length = u16(bytes, offset);
      if (length < headerLength || offset + length > size) return;
      const type = u16(bytes, offset + 2) & NLA_TYPE_MASK;
      this.#starts[type] = offset + headerLength;
      this.#ends[type] = offset + length;
      offset += align(length);
    }
  }

  bytes(type: number): Buffer | undefined {
    const start = this.#starts[type];
    return start === undefined ? undefined : this.#bytes.subarray(start, this.#ends[type]);
  }

  u32(type: number): number | undefined {
    const value = this.bytes(type);
    return value && value.length >= 4 ? value.readUInt32LE() : undefined;
  }

  text(type: number): string | undefined {
    const value = this.bytes(type);
    return value && untilNul(value);
  }

  nested(type: number): Attributes | undefined {
    const value = this.bytes(type);
    return value && new Attributes(value);
  }
}

/** Without the checks of `readUInt16LE`, which cost more than the reading. */
function u16(bytes: Buffer, offset: number): number {
  return (bytes[offset] ?? 0) | ((bytes[offset + 1] ?? 0) << 8);
}

export function untilNul(value: Buffer): string {
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}
