/**
 * Frames by which a node tells its neighbours at which MAC an address is now: a gratuitous ARP request (RFC 5227,
 * section 3) and an unsolicited neighbour advertisement (RFC 4861, section 7.2.6). Who knew the address at another
 * MAC sends there no longer.
 */
import { AF_INET, parsePrefix } from './addresses.ts';
import { macBytes } from './names.ts';

/** linux/if_ether.h */
export const ETH_P_ARP = 0x0806;
export const ETH_P_IPV6 = 0x86dd;

const broadcast = Buffer.alloc(6, 0xff);
/** All nodes of the link: ff02::1, whose MAC is 33:33 and its last 32 bits (RFC 2464, section 7). */
const allNodes = Buffer.from('ff020000000000000000000000000001', 'hex');
const allNodesMac = Buffer.from('333300000001', 'hex');

export interface Announcement {
  protocol: typeof ETH_P_ARP | typeof ETH_P_IPV6;
  destination: Buffer;
  /** Without the Ethernet header. */
  packet: Buffer;
}

/** @param prefix an address; a prefix length is no matter */
export function announcementOf(prefix: string, mac: string): Announcement {
  const { family, bytes } = parsePrefix(prefix);
  return family === AF_INET ? gratuitousArp(bytes, macBytes(mac)) : neighbourAdvertisement(bytes, macBytes(mac));
}

function gratuitousArp(address: Buffer, mac: Buffer): Announcement {
  // Ethernet, IPv4, lengths of both, request (RFC 826)
  const header = Buffer.from([0, 1, 8, 0, 6, 4, 0, 1]);
  const packet = Buffer.concat([header, mac, address, Buffer.alloc(6), address]);
  return { protocol: ETH_P_ARP, destination: broadcast, packet };
}

function neighbourAdvertisement(address: Buffer, mac: Buffer): Announcement {
  // Type 136; flag override; target; option 2: target link-layer address (RFC 4861, sections 4.4 and 4.6.1)
  const advertisement = Buffer.concat([Buffer.from([136, 0, 0, 0, 0x20, 0, 0, 0]), address, Buffer.from([2, 1]), mac]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(advertisement.length);
  const icmpv6 = 58;
  // RFC 8200, section 8.1
  const pseudoHeader = Buffer.concat([address, allNodes, length, Buffer.from([0, 0, 0, icmpv6])]);
  advertisement.writeUInt16BE(checksum(Buffer.concat([pseudoHeader, advertisement])), 2);
  // Version 6; payload length; next header; hop limit 255, which shows that no router passed it on
  const header = Buffer.from([0x60, 0, 0, 0, 0, advertisement.length, icmpv6, 255]);
  const packet = Buffer.concat([header, address, allNodes, advertisement]);
  return { protocol: ETH_P_IPV6, destination: allNodesMac, packet };
}

/** RFC 1071 */
function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += bytes.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
