/** IPPrefix on the wire <-> text such as `10.0.0.1/24` or `fd00::1/64`. */
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { DpuError } from '../../errors.ts';
import type { IPPrefix, IPPrefix__Output } from '../../generated/opi_api/network/opinetcommon/v1alpha1/IPPrefix.ts';

/** @throws DpuError INVALID_ARGUMENT naming the field. */
export function prefixFromWire(prefix: IPPrefix__Output, field: string): string {
  const { addr, len } = prefix;
  if (addr?.v4OrV6 === 'v4Addr' && addr.v4Addr !== undefined) {
    const value = addr.v4Addr;
    return checked([24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.'), len, 32, field);
  }
  if (addr?.v4OrV6 === 'v6Addr' && addr.v6Addr?.length === 16) {
    const groups = addr.v6Addr.toString('hex').match(/.{4}/g) ?? [];
    return checked(new SocketAddress({ family: 'ipv6', address: groups.join(':') }).address, len, 128, field);
  }
  throw new DpuError('INVALID_ARGUMENT', `${field}.addr must hold v4_addr or 16 bytes of v6_addr`);
}

/** @throws DpuError INVALID_ARGUMENT when it is no address and length. */
export function prefixToWire(text: string): IPPrefix {
  const [address = '', length = ''] = text.split('/');
  const len = Number(length);
  if (isIPv4(address) && length !== '' && Number.isInteger(len)) {
    const v4Addr = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
    return { addr: { af: 'IP_AF_INET', v4Addr }, len };
  }
  if (isIPv6(address) && length !== '' && Number.isInteger(len)) {
    return { addr: { af: 'IP_AF_INET6', v6Addr: ipv6Bytes(address) }, len };
  }
  throw new DpuError('INVALID_ARGUMENT', `${JSON.stringify(text)} is not an address and length such as 10.0.0.1/24`);
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail] = address.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').flatMap(groupsOf));
  const [start, end] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - start.length - end.length;
  const all = [...start, ...Array<string>(zeros).fill('0'), ...end];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** An IPv6 address may end in dotted IPv4: two groups. */
function groupsOf(group: string): string[] {
  if (!group.includes('.')) return [group];
  const hex = group.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return [`${hex[0]}${hex[1]}`, `${hex[2]}${hex[3]}`];
}

function checked(address: string, length: number, maximum: number, field: string): string {
  if (length >= 0 && length <= maximum) return `${address}/${length}`;
  throw new DpuError('INVALID_ARGUMENT', `${field}.len must be 0 to ${maximum}, is ${length}`);
}
