/** The bytes are those of linux/if_link.h: this machine's devices have no VFs. */
import { expect, test } from 'vitest';
import { nested } from './attributes.ts';
import { decodeVfs, listVfsRequest, setVfRequest } from './vf.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');
/** ifinfomsg of ifindex 4 */
const pf = '00000000040000000000000000000000';

test.each<[string, Parameters<typeof setVfRequest>[2], string]>([
  ['MAC', { mac: '02:00:00:00:00:09' }, `28000100${'03000000'}020000000009${'00'.repeat(26)}`],
  ['VLAN of 802.1Q', { vlan: { id: 5, qos: 1, protocol: '802.1q' } }, '1000020003000000' + '0500000001000000'],
  [
    'VLAN of 802.1ad',
    { vlan: { id: 5, qos: 1, protocol: '802.1ad' } },
    '18000c80' + '14000100' + '030000000500000001000000' + '88a80000',
  ],
  ['no VLAN', { vlan: { id: 0, qos: 0, protocol: '802.1q' } }, '1000020003000000' + '0000000000000000'],
  ['rates', { minTxRate: 10, maxTxRate: 100 }, '1000060003000000' + '0a00000064000000'],
  ['spoof check', { spoofCheck: true }, '0c0004000300000001000000'],
  ['trust', { trust: false }, '0c0009000300000000000000'],
  ['link state', { linkState: 'disable' }, '0c0005000300000002000000'],
])('%s of a VF: the request that the kernel takes', (_what, settings, expected) => {
  const { body } = setVfRequest(4, 3, settings);
  const info = Buffer.from(expected, 'hex');
  expect(hex(body)).toBe(pf + hex(nested(22, nested(1, info))));
});

test('all settings are one message', () => {
  const { body } = setVfRequest(4, 3, { trust: true, mac: '02:00:00:00:00:09', spoofCheck: false });
  expect(hex(body)).toContain('0c00040003000000000000000c0009000300000001000000');
});

test('one rate without the other is refused', () => {
  expect(() => setVfRequest(4, 3, { maxTxRate: 5 })).toThrow(/together/);
});

test('a PF may be given by name', () => {
  expect(hex(setVfRequest('eth0', 0, {}).body)).toContain(Buffer.from('eth0').toString('hex'));
});

test('VFs are asked for beside the link', () => {
  // RTEXT_FILTER_VF and RTEXT_FILTER_SKIP_STATS
  expect(hex(listVfsRequest(4).body)).toBe(`${pf}08001d0009000000`);
});

const answer = (...vfs: string[]) => ({
  type: 16,
  flags: 0,
  sequence: 1,
  body: Buffer.concat([Buffer.from(pf, 'hex'), nested(22, ...vfs.map((vf) => nested(1, Buffer.from(vf, 'hex'))))]),
});

test('a VF is read with all that its driver reports, 802.1ad among it', () => {
  const vf = [
    `28000100${'03000000'}020000000003${'00'.repeat(26)}`,
    '10000200030000000700000002000000',
    '18000c80140001000300000007000000' + '0200000088a80000',
    '10000600030000000a00000064000000',
    '0c0004000300000001000000',
    '0c0005000300000001000000',
    '0c0009000300000000000000',
  ].join('');
  expect(decodeVfs(answer(vf))).toEqual([
    {
      number: 3,
      mac: '02:00:00:00:00:03',
      vlan: { id: 7, qos: 2, protocol: '802.1ad' },
      minTxRate: 10,
      maxTxRate: 100,
      spoofCheck: true,
      linkState: 'enable',
      trust: false,
    },
  ]);
});

test('what a driver does not report is left out', () => {
  const vf = [
    `28000100${'02000000'}020000000002${'00'.repeat(26)}`,
    '0c00040002000000ffffffff',
    '0c00090002000000ffffffff',
  ].join('');
  expect(decodeVfs(answer(vf))).toEqual([{ number: 2, mac: '02:00:00:00:00:02' }]);
});

test('a link without VFs has none', () => {
  expect(decodeVfs({ type: 16, flags: 0, sequence: 1, body: Buffer.from(pf, 'hex') })).toEqual([]);
});
