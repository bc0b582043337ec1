import { expect, test } from 'vitest';
import { addAddressRequest, addressBytes, addressText, decodeAddress, parsePrefix } from './addresses.ts';

test.each([
  ['10.0.0.1', '0a000001'],
  ['::', '0'.repeat(32)],
  ['::1', '1'.padStart(32, '0')],
  ['fd00:9::2', 'fd000009000000000000000000000002'],
  ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ['fe80::1:0:0:2', 'fe800000000000000001000000000002'],
  ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
])('%s is %s to the kernel', (address, bytes) => {
  expect(addressBytes(address).toString('hex')).toBe(bytes);
});

test.each(['10.0.0.1', '::', 'fd00:9::2', '1:2:3:4:5:6:7:8', 'fe80::1:0:0:2'])(
  '%s is written as it was read',
  (text) => {
    expect(addressText(addressBytes(text))).toBe(text);
  },
);

test.each([
  '',
  '10.0.0/24',
  '10.0.0.1/33',
  '10.0.0.1/',
  '10.0.0.1/-1',
  '10.0.0.1/8/8',
  'fd00::/129',
  'fe80::1%eth0/64',
  'x',
])('%j is refused by name', (prefix) => {
  expect(() => parsePrefix(prefix)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  expect(() => parsePrefix(prefix)).toThrow(JSON.stringify(prefix));
});

test('an address is added with family, prefix length, ifindex', () => {
  const { body } = addAddressRequest(7, '10.9.0.2/24');
  expect(body.toString('hex')).toBe('0218000007000000' + '080002000a090002' + '080001000a090002');
});

test('an IPv6 address is added without a search for duplicates', () => {
  const { body } = addAddressRequest(7, 'fd00::2/64');
  expect(body.subarray(-8).toString('hex')).toBe('0800080002000000');
});

test('an address of another family is left out', () => {
  const body = Buffer.from('0700000007000000', 'hex');
  expect(decodeAddress({ type: 20, flags: 0, sequence: 1, body })).toBeUndefined();
});
