import { expect, test } from 'vitest';
import { announcementOf } from './announcement.ts';

const mac = '02:00:00:00:00:01';
const macHex = '020000000001';

test('IPv4: an ARP request for the address from the address, to all', () => {
  const { protocol, destination, packet } = announcementOf('10.9.0.2/24', mac);
  expect(protocol).toBe(0x0806);
  expect(destination.toString('hex')).toBe('ffffffffffff');
  expect(packet.toString('hex')).toBe(`0001080006040001${macHex}0a090002${'00'.repeat(6)}0a090002`);
});

test('IPv6: a neighbour advertisement with the override flag, to all nodes', () => {
  const { protocol, destination, packet } = announcementOf('fd00:9::2', mac);
  const address = 'fd000009000000000000000000000002';
  const allNodes = 'ff020000000000000000000000000001';
  expect(protocol).toBe(0x86dd);
  expect(destination.toString('hex')).toBe('333300000001');
  expect(packet.subarray(0, 40).toString('hex')).toBe(`60000000${'0020'}3aff${address}${allNodes}`);
  expect(packet.subarray(40, 42).toString('hex')).toBe('8800');
  expect(packet.subarray(44).toString('hex')).toBe(`20000000${address}0201${macHex}`);
});

test('the checksum makes the sum of pseudo header and message ones only (RFC 1071)', () => {
  const { packet } = announcementOf('fd00:9::2', mac);
  const words = Buffer.concat([packet.subarray(8, 40), Buffer.from('000000200000003a', 'hex'), packet.subarray(40)]);
  let sum = 0;
  for (let offset = 0; offset < words.length; offset += 2) sum += words.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff);
});
