import { expect, test } from 'vitest';
import type { P4Info__Output } from '../generated/p4/config/v1/P4Info.ts';
import { linuxNetworking } from '../testing/linux-networking.ts';
import { type Entry, keyOf, Program } from './program.ts';
import { bytesOf, fits, hexOf, macValue } from './values.ts';

const program = new Program(linuxNetworking as P4Info__Output, 'linux_networking_control.');

test.each([
  [0, '00'],
  [1, '01'],
  [255, 'ff'],
  [256, '0100'],
  [2 ** 32 - 1, 'ffffffff'],
  [macValue('02:00:00:00:00:01'), '020000000001'],
])('the canonical string of %d is %s (8.3)', (value, hex) => {
  expect(bytesOf(value).toString('hex')).toBe(hex);
  expect(hexOf(Buffer.concat([Buffer.alloc(2), bytesOf(value)]))).toBe(hexOf(bytesOf(value)));
});

test('bits bound a value', () => {
  expect([fits(2047, 11), fits(2048, 11), fits(-1, 11), fits(0.5, 11), fits(Number.NaN, 11)]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

const source: Entry = {
  table: 'tx_source_port',
  match: { 'vmeta.common.vsi': { value: 27, mask: 0x7ff } },
  priority: 1,
  action: 'set_source_port',
  params: { source_port: 43 },
};

test('names become the numbers of the program', () => {
  const { message, key, body } = program.encode(source);
  expect(message).toEqual({
    tableId: 39041593,
    match: [{ fieldId: 1, ternary: { value: Buffer.from([27]), mask: Buffer.from([7, 255]) } }],
    priority: 1,
    action: { action: { actionId: 32890467, params: [{ paramId: 1, value: Buffer.from([43]) }] } },
  });
  expect([key, body]).toEqual(['39041593|1|1=1b&7ff', '32890467|1=2b']);
});

test('padding and order of fields make no other entry', () => {
  const { message } = program.encode({
    table: 'vsi_to_vsi_loopback',
    match: { target_vsi: 2, 'vmeta.common.vsi': 1 },
    action: 'fwd_to_vsi',
    params: [18],
  });
  const padded = (message.match ?? []).map(({ fieldId = 0, exact }) => ({
    fieldId,
    exact: { value: Buffer.concat([Buffer.alloc(3), Buffer.from(exact?.value ?? [])]) },
  }));
  expect(keyOf({ ...message, match: padded.reverse() })).toBe(keyOf(message));
});

test.each<[Partial<Entry>, string]>([
  [{ table: 'nat' }, 'P4 program fxp-net_linux-networking 3.0.0 on the card has no table nat'],
  [{ match: { vsi: 1 } }, 'has no field vsi of table tx_source_port'],
  [{ match: { 'vmeta.common.vsi': 1 } }, 'has no EXACT match of tx_source_port.vmeta.common.vsi (it is TERNARY)'],
  [{ match: { 'vmeta.common.vsi': { value: 2048, mask: 2047 } } }, 'has 11 bits, not room for 2048'],
  [{ action: 'drop' }, 'has no action drop'],
  [{ params: { port: 1 } }, 'has no port of action set_source_port'],
  [{ params: [1, 2] }, 'has no parameter 2 of action set_source_port'],
  [{ params: [65536] }, 'set_source_port.source_port of P4 program fxp-net_linux-networking has 16 bits'],
])('what the program does not have is named: %j', (change, message) => {
  const encode = () => program.encode({ ...source, ...change });
  expect(encode).toThrow(message);
  expect(encode).toThrow(expect.objectContaining({ code: 'FAILED_PRECONDITION' }));
});
