/** Netlink messages: a header, a body, and the kernel's acknowledgements (linux/netlink.h). */
import { Attributes } from './attributes.ts';

/** linux/netlink.h: types */
export const NLMSG_ERROR = 2;
export const NLMSG_DONE = 3;

/** linux/netlink.h: flags */
export const NLM_F_REQUEST = 0x1;
export const NLM_F_ACK = 0x4;
/** A dump during which something changed: it may lack or repeat objects. */
export const NLM_F_DUMP_INTR = 0x10;
export const NLM_F_DUMP = 0x300;
export const NLM_F_EXCL = 0x200;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;
/** Flags of an acknowledgement: the request's body is left out; attributes follow. */
const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
/** The kernel's words, in an acknowledgement. */
const NLMSGERR_ATTR_MSG = 1;

const headerLength = 16;

/** What is asked of the kernel. */
export interface Request {
  type: number;
  /** Beside NLM_F_REQUEST and NLM_F_ACK. */
  flags?: number;
  body: Buffer;
  /** For error messages. */
  what: string;
  /** The kernel does it without its network lock, and so without a wait: no thread is needed for that. */
  atOnce?: boolean;
}

export interface Message {
  type: number;
  flags: number;
  sequence: number;
  body: Buffer;
}

export interface Acknowledgement {
  /** Positive; 0 for success. */
  errno: number;
  reason?: string;
}

export function encodeMessage(type: number, flags: number, sequence: number, body: Buffer): Buffer {
  const bytes = Buffer.alloc(headerLength + ((body.length + 3) & ~3));
  bytes.writeUInt32LE(headerLength + body.length, 0);
  bytes.writeUInt16LE(type, 4);
  bytes.writeUInt16LE(flags, 6);
  bytes.writeUInt32LE(sequence, 8);
  bytes.set(body, headerLength);
  return bytes;
}

/** Several may be in what one `recv` gave. */
export function* decodeMessages(bytes: Buffer): Generator<Message> {
  let offset = 0;
  while (offset + headerLength <= bytes.length) {
    const length = bytes.readUInt32LE(offset);
    if (length < headerLength || offset + length > bytes.length) return;
    yield {
      type: bytes.readUInt16LE(offset + 4),
      flags: bytes.readUInt16LE(offset + 6),
      sequence: bytes.readUInt32LE(offset + 8),
      body: bytes.subarray(offset + headerLength, offset + length),
    };
    offset += (length + 3) & ~3;
  }
}

/** Of a message of type NLMSG_ERROR, or the end of a dump. */
export function decodeAcknowledgement({ type, flags, body }: Message): Acknowledgement {
  const errno = body.length >= 4 ? -body.readInt32LE(0) : 0;
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno };
  // An error repeats the request's header, and its body unless that is capped.
  const requestLength = type === NLMSG_ERROR && body.length >= 8 ? body.readUInt32LE(4) : 0;
  const repeated = flags & NLM_F_CAPPED ? headerLength : (requestLength + 3) & ~3;
  const reason = new Attributes(body.subarray(4 + (type === NLMSG_ERROR ? repeated : 0))).text(NLMSGERR_ATTR_MSG);
  return reason === undefined ? { errno } : { errno, reason };
}
