/** Neighbours of links, and a bridge's forwarding entries: linux/neighbour.h `struct ndmsg`. */
import { AF_INET, AF_INET6, addressText, parsePrefix } from './addresses.ts';
import { Attributes, attribute } from './attributes.ts';
import { type Message, NLM_F_CREATE, NLM_F_REPLACE, type Request } from './messages.ts';
import { macBytes, macText } from './names.ts';

/** linux/rtnetlink.h */
const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;
/** linux/neighbour.h */
const NDA_DST = 1;
const NDA_LLADDR = 2;
const NUD_PERMANENT = 0x80;
const NTF_SELF = 0x02;
const NTF_MASTER = 0x04;
/** bits/socket.h PF_BRIDGE */
const AF_BRIDGE = 7;

const ndmsgLength = 12;

/** An IP address's MAC on a link. */
export interface Neighbour {
  /** ifindex */
  link: number;
  address: string;
  mac: string;
}

/** Behind which port of a bridge a MAC is. */
export interface BridgeForwarding {
  /** ifindex of the port. */
  port: number;
  mac: string;
}

function ndmsg(family: number, index: number, flags = 0): Buffer {
  const bytes = Buffer.alloc(ndmsgLength);
  bytes[0] = family;
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt16LE(NUD_PERMANENT, 8);
  bytes[10] = flags;
  return bytes;
}

/** For good, in place of what was known of the address. */
export function setNeighbourRequest({ link, address, mac }: Neighbour): Request {
  const { family, bytes } = parsePrefix(address);
  return {
    type: RTM_NEWNEIGH,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    body: Buffer.concat([ndmsg(family, link), attribute(NDA_DST, bytes), attribute(NDA_LLADDR, macBytes(mac))]),
    what: `neighbour ${address}`,
  };
}

export function deleteNeighbourRequest({ link, address }: Omit<Neighbour, 'mac'>): Request {
  const { family, bytes } = parsePrefix(address);
  const body = Buffer.concat([ndmsg(family, link), attribute(NDA_DST, bytes)]);
  return { type: RTM_DELNEIGH, body, what: `delete neighbour ${address}` };
}

export function listNeighboursRequest(): Request {
  // A dump that is checked strictly wants everything but the family to be zero.
  return { type: RTM_GETNEIGH, body: Buffer.alloc(ndmsgLength), what: 'list neighbours' };
}

/** Undefined for those that have no MAC (yet) and those of a bridge. */
export function decodeNeighbour({ body }: Message): Neighbour | undefined {
  if (body[0] !== AF_INET && body[0] !== AF_INET6) return undefined;
  const attributes = new Attributes(body.subarray(ndmsgLength));
  const address = attributes.bytes(NDA_DST);
  const mac = attributes.bytes(NDA_LLADDR);
  if (!address || !mac) return undefined;
  return { link: body.readInt32LE(4), address: addressText(address), mac: macText(mac) };
}

/** In the bridge that the port belongs to, for good. */
export function setForwardingRequest({ port, mac }: BridgeForwarding): Request {
  return {
    type: RTM_NEWNEIGH,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    body: Buffer.concat([ndmsg(AF_BRIDGE, port, NTF_MASTER), attribute(NDA_LLADDR, macBytes(mac))]),
    what: `forwarding entry ${mac}`,
  };
}

export function deleteForwardingRequest({ port, mac }: BridgeForwarding): Request {
  const body = Buffer.concat([ndmsg(AF_BRIDGE, port, NTF_MASTER), attribute(NDA_LLADDR, macBytes(mac))]);
  return { type: RTM_DELNEIGH, body, what: `delete forwarding entry ${mac}` };
}

export function listForwardingRequest(): Request {
  const body = Buffer.alloc(ndmsgLength);
  body[0] = AF_BRIDGE;
  return { type: RTM_GETNEIGH, body, what: 'list forwarding entries' };
}

/** Undefined for what a device keeps for itself. */
export function decodeForwarding({ body }: Message): BridgeForwarding | undefined {
  const mac = new Attributes(body.subarray(ndmsgLength)).bytes(NDA_LLADDR);
  if (body[0] !== AF_BRIDGE || !mac || ((body[10] ?? 0) & NTF_SELF) !== 0) return undefined;
  return { port: body.readInt32LE(4), mac: macText(mac) };
}
