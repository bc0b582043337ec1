/** Addresses of links: linux/if_addr.h `struct ifaddrmsg`. */
import { isIP } from 'node:net';
import { DpuError } from '../../../errors.ts';
import type { LinkAddress } from '../../links/link.ts';
import { Attributes, attribute, u32 } from './attributes.ts';
import { type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './messages.ts';

/** linux/rtnetlink.h */
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
const RTM_GETADDR = 22;

/** bits/socket.h */
export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const AF_INET6 = 10;

/** linux/if_addr.h */
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
/** Usable at once: no search for a duplicate first. */
const IFA_F_NODAD = 0x02;

/** linux/rtnetlink.h enum rt_scope_t */
const scopes = new Map([
  [0, 'global'],
  [200, 'site'],
  [253, 'link'],
  [254, 'host'],
  [255, 'nowhere'],
]);

const ifaddrmsgLength = 8;

export interface IpPrefix {
  family: typeof AF_INET | typeof AF_INET6;
  bytes: Buffer;
  length: number;
}

/** `10.0.0.1/24`, `fd00::1/64`; without a length the whole address. @throws DpuError INVALID_ARGUMENT */
export function parsePrefix(prefix: string): IpPrefix {
  const [address = '', length, ...rest] = prefix.split('/');
  const version = isIP(address);
  const bits = version === 4 ? 32 : 128;
  const parsed = length === undefined ? bits : Number(length);
  const valid = version !== 0 && rest.length === 0 && /^\d{1,3}$/.test(length ?? '0') && parsed <= bits;
  if (!valid || address.includes('%')) {
    throw new DpuError('INVALID_ARGUMENT', `${JSON.stringify(prefix)} is not an IP address with prefix length`);
  }
  return { family: version === 4 ? AF_INET : AF_INET6, bytes: addressBytes(address), length: parsed };
}

/** Four or sixteen bytes of an address that `isIP` takes. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  // Its last 32 bits may be written as an IPv4 address.
  const [, front = '', v4] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address) ?? [];
  const plain = v4 === undefined ? address : front + hexGroups(addressBytes(v4)).join(':');
  const [before = '', after] = plain.split('::');
  const groups = (part: string) => part.split(':').filter(Boolean);
  const head = groups(before);
  const tail = groups(after ?? '');
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return Buffer.from([...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function hexGroups(bytes: Buffer): string[] {
  return Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readUInt16BE(2 * index).toString(16));
}

/** In the canonical form of RFC 5952. */
export function addressText(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  return new URL(`http://[${hexGroups(bytes).join(':')}]`).hostname.slice(1, -1);
}

function ifaddrmsg(family: number, prefixLength: number, index: number): Buffer {
  const bytes = Buffer.alloc(ifaddrmsgLength);
  bytes[0] = family;
  bytes[1] = prefixLength;
  bytes.writeUInt32LE(index, 4);
  return bytes;
}

function addressRequest(type: number, index: number, prefix: string, what: string): Request {
  const { family, bytes, length } = parsePrefix(prefix);
  const values = [attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)];
  if (family === AF_INET6) values.push(u32(IFA_FLAGS, IFA_F_NODAD));
  return { type, body: Buffer.concat([ifaddrmsg(family, length, index), ...values]), what };
}

/** An IPv6 address is usable at once. */
export function addAddressRequest(index: number, prefix: string): Request {
  const request = addressRequest(RTM_NEWADDR, index, prefix, `add address ${prefix}`);
  return { ...request, flags: NLM_F_CREATE | NLM_F_EXCL };
}

export function deleteAddressRequest(index: number, prefix: string): Request {
  return addressRequest(RTM_DELADDR, index, prefix, `delete address ${prefix}`);
}

/** @param index 0 for those of all links */
export function listAddressesRequest(index: number): Request {
  return { type: RTM_GETADDR, body: ifaddrmsg(AF_UNSPEC, 0, index), what: 'list addresses' };
}

/** Undefined for an address of another family. */
export function decodeAddress({ body }: Message): (LinkAddress & { index: number }) | undefined {
  const family = body[0];
  if (family !== AF_INET && family !== AF_INET6) return undefined;
  const attributes = new Attributes(body.subarray(ifaddrmsgLength));
  const bytes = attributes.bytes(IFA_LOCAL) ?? attributes.bytes(IFA_ADDRESS);
  if (!bytes) return undefined;
  const scope = body[3] ?? 0;
  return {
    index: body.readUInt32LE(4),
    family: family === AF_INET ? 'inet' : 'inet6',
    address: addressText(bytes),
    prefixLength: body[1] ?? 0,
    scope: scopes.get(scope) ?? `${scope}`,
  };
}
