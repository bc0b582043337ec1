/** What cards are told by, on machines that are made up as trees of sysfs. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { detect } from '../../testing/detect.ts';
import type { FakeMachine, FakePciFunction } from '../../testing/machine.ts';
import { fakeSysfs } from '../../testing/sysfs.ts';
import type { DetectionRule } from '../manifest.ts';
import { parsePluginManifest } from '../parse.ts';
import { needsVpd } from './detect.ts';
import { isExcludedByLabels, looksAtHardware, mismatch } from './rule-match.ts';

interface Look {
  labels?: Record<string, string>;
  nodeName?: string;
}

/** What the host side of a product finds: the identifier of each DPU with the functions that are it. */
async function look(side: object, machine: FakeMachine, { labels = {}, nodeName = 'n' }: Look = {}): Promise<string[]> {
  await using sysfs = await fakeSysfs(machine);
  const packageJson = { dpu: { contract: '^1.0.0', products: [{ name: 'Card', host: side }] } };
  const dpus = await detect({ packageJson, sysfs, node: { name: nodeName, labels } });
  return dpus.map(({ identifier, functions = [], byFallback }) =>
    [identifier, byFallback ? '(fallback)' : '', ...functions.map(({ address }) => address.slice(5))]
      .filter((text) => text !== '')
      .join(' '),
  );
}

const ids = { vendor: '15b3', device: 'a2dc' };
const other = { vendor: '15b3', device: 'c2d5' };
const pf = (address: string, more: Partial<FakePciFunction> = {}): FakePciFunction => ({ address, ...ids, ...more });
const [first, second] = [pf('0000:01:00.0'), pf('0000:01:00.1')];
const byAddress = (rule: object) => ({ detect: rule, identifier: 'c-{pciAddress}' });

/** Of each rule, one that a machine with {@link first} alone does not match. */
const unmatched: { [name in keyof DetectionRule]-?: NonNullable<DetectionRule[name]> } = {
  pci: other,
  netdevName: 'd2$',
  present: other,
  dmiProductContains: 'OCTEON',
  deviceTreeCompatibleContains: 'marvell,cn10',
  nodeLabel: { key: 'acme.com/dpu', values: ['on'] },
  anyOf: [{ pci: other }, { present: other }],
  allOf: [{ pci: ids }, { present: other }],
  not: { pci: ids },
};

test.each(Object.entries(unmatched))('%s has a say, and what it looks at counts as hardware', async (name, value) => {
  const rule: DetectionRule = { [name]: value };
  await using sysfs = await fakeSysfs({ pci: [first] });
  const snapshot = await sysfs.snapshot();
  expect(mismatch(rule, { snapshot, labels: {}, pci: snapshot.pci[0] })).toBeDefined();
  // Labels are orders; hardware that is not seen leaves the DPU there, with a condition.
  expect(looksAtHardware(rule)).toBe(name !== 'nodeLabel');
  expect(isExcludedByLabels(rule, {})).toBe(name === 'nodeLabel');
});

test('any of several ids is a card', async () => {
  const rule = { anyOf: [{ pci: ids }, { pci: other }], not: { pci: { ...ids, class: '0280' } } };
  const machine = { pci: [first, { address: '0000:02:00.0', ...other }, pf('0000:03:00.0', { class: '028000' })] };
  expect(await look(byAddress(rule), machine)).toEqual(['c-0000:01:00.0 01:00.0', 'c-0000:02:00.0 02:00.0']);
});

test('subsystem ids tell products of one chip apart', async () => {
  const subsystem = { vendor: '15b3', device: '0021' };
  const machine = { pci: [pf('0000:01:00.0', { subsystem }), pf('0000:02:00.0'), pf('0000:03:00.0')] };
  const named = { pci: { ...ids, subsystemVendor: '15b3', subsystemDevice: '0021' } };
  expect(await look(byAddress(named), machine)).toEqual(['c-0000:01:00.0 01:00.0']);
  const others = { pci: ids, not: named };
  expect(await look(byAddress(others), machine)).toHaveLength(2);
});

test('another device that must be there, on the machine or in the slot of the card', async () => {
  const management = { address: '0000:01:00.2', ...other };
  const machine = { pci: [first, management, pf('0000:02:00.0')] };
  expect(await look(byAddress({ pci: ids, present: other }), machine)).toHaveLength(2);
  expect(await look(byAddress({ pci: ids, present: { ...other, sameSlot: true } }), machine)).toEqual([
    'c-0000:01:00.0 01:00.0',
  ]);
  expect(await look(byAddress({ pci: ids, not: { present: { ...other, sameSlot: true } } }), machine)).toEqual([
    'c-0000:02:00.0 02:00.0',
  ]);
  // A function is no other device than itself.
  expect(await look(byAddress({ pci: ids, present: ids }), { pci: [first] })).toEqual([]);
  expect(await look({ detect: { present: other }, identifier: 'c-{node}' }, machine)).toEqual(['c-n']);
});

test('a machine by its device tree, or by what its firmware calls it', async () => {
  const rule = { anyOf: [{ deviceTreeCompatibleContains: 'marvell,cn10' }, { dmiProductContains: 'OCTEON' }] };
  const side = { detect: rule, identifier: 'octeon-{node}' };
  expect(await look(side, { compatible: ['acme,board', 'marvell,cn106xx'] })).toEqual(['octeon-n']);
  expect(await look(side, { dmiProduct: 'OCTEON 10 CRB' })).toEqual(['octeon-n']);
  expect(await look(side, { compatible: ['marvell,armada'], dmiProduct: 'PC' })).toEqual([]);
});

test('a label leaves a node out, or lets it in', async () => {
  const label = (value: string) => ({ labels: { 'acme.com/dpu': value } });
  const off = { nodeLabel: { key: 'acme.com/dpu', values: ['off'] } };
  expect(await look(byAddress({ allOf: [{ pci: ids }], not: off }), { pci: [first] }, label('off'))).toEqual([]);
  expect(await look(byAddress({ allOf: [{ pci: ids }], not: off }), { pci: [first] }, label('on'))).toHaveLength(1);
});

test('the two PFs of a card are one DPU, by their slot', async () => {
  const side = { detect: { pci: ids }, groupBy: 'slot', identifier: 'c-{node}-{slot}' };
  const machine = { pci: [first, second, pf('0000:02:00.1')] };
  expect(await look(side, machine)).toEqual(['c-n-0000:01:00 01:00.0 01:00.1', 'c-n-0000:02:00 02:00.1']);
  expect(await look(side, { pci: [second] })).toEqual(['c-n-0000:01:00 01:00.1']);
});

test('the functions of a card are one DPU by its serial number, wherever they are', async () => {
  const side = { detect: { pci: ids }, serial: { from: ['dsn', 'vpd'] }, identifier: 'c-{serial}' };
  const dsn = 'b8cef60300123456';
  const machine = {
    pci: [
      pf('0000:01:00.0', { dsn, vpdSerial: 'NOT READ' }),
      pf('0000:81:00.0', { dsn }),
      pf('0000:82:00.0', { vpdSerial: ' MT 2136-x01 ' }),
    ],
  };
  expect(await look(side, machine)).toEqual([`c-${dsn} 01:00.0 81:00.0`, 'c-MT-2136-x01 82:00.0']);
});

test('Vital Product Data is read of the cards whose rules ask for it, and of no others', async () => {
  const side = { detect: { anyOf: [{ pci: ids }] }, serial: { from: ['vpd'] }, identifier: '{serial}' };
  const { dpu } = { dpu: { contract: '^1.0.0', products: [{ name: 'Card', host: side }] } };
  const plugins = [{ packageName: 'p', manifest: parsePluginManifest({ dpu }) }];
  await using sysfs = await fakeSysfs({
    pci: [pf('0000:01:00.0', { vpdSerial: 'A' }), { address: '0000:02:00.0', ...other, vpdSerial: 'B' }],
  });
  const { pci } = await sysfs.snapshot({ vpd: needsVpd(plugins) });
  expect(pci.map(({ vpd }) => vpd !== undefined)).toEqual([true, false]);
});

test('equal cards in equal servers differ by their numbers, and without one by the node and the slot', async () => {
  const side = {
    detect: { pci: ids },
    serial: { from: ['vpd'], fallback: '{node}-{slot}' },
    identifier: 'c-{serial}',
  };
  const numbered = { pci: [pf('0000:01:00.0', { vpdSerial: 'A1' }), pf('0000:01:00.1', { vpdSerial: 'A1' })] };
  expect(await look(side, numbered)).toEqual(['c-A1 01:00.0 01:00.1']);
  const bare = { pci: [first, second] };
  expect(await look(side, bare)).toEqual(['c-n-0000:01:00 (fallback) 01:00.0 01:00.1']);
  expect(await look(side, bare, { nodeName: 'm' })).toEqual(['c-m-0000:01:00 (fallback) 01:00.0 01:00.1']);
  const { fallback: _, ...required } = side.serial;
  expect(await look({ ...side, serial: required }, bare)).toEqual([]);
});

test('a card that does not answer has no other name meanwhile', async () => {
  const host = { detect: { pci: ids }, serial: { from: ['dsn'], fallback: '{node}-{slot}' }, identifier: '{serial}' };
  const packageJson = { dpu: { contract: '^1.0.0', products: [{ name: 'Card', host }] } };
  await using sysfs = await fakeSysfs({ pci: [pf('0000:01:00.0', { dsn: '0102030405060708' })] });
  const config = join(sysfs.root, 'bus/pci/devices/0000:01:00.0/config');
  await writeFile(config, Buffer.alloc(4096, 0xff));
  expect(await detect({ packageJson, sysfs })).toEqual([]);
  await rm(config);
  expect(await detect({ packageJson, sysfs })).toEqual([]);
});

test.each<[string, Buffer]>([
  ['loops', capabilities([0x100, 0x0001, 0x140], [0x140, 0x0001, 0x100])],
  ['points out of the space', capabilities([0x100, 0x0001, 0xffc])],
  ['points into the part before it', capabilities([0x100, 0x0001, 0x040])],
  ['has a number of zeros', capabilities([0x100, 0x0003, 0])],
])('a list of capabilities that %s has no number, and is read to its end', async (_case, config) => {
  const host = { detect: { pci: ids }, serial: { from: ['dsn'] }, identifier: '{serial}' };
  const packageJson = { dpu: { contract: '^1.0.0', products: [{ name: 'Card', host }] } };
  await using sysfs = await fakeSysfs({ pci: [first] });
  await writeFile(join(sysfs.root, 'bus/pci/devices/0000:01:00.0/config'), config);
  expect(await detect({ packageJson, sysfs })).toEqual([]);
});

test.each<[string, Buffer]>([
  ['is empty', Buffer.alloc(0)],
  ['ends within a field', Buffer.from('90ff00534e20', 'hex')],
  ['reads as ones', Buffer.alloc(256, 0xff)],
  ['has no number', Buffer.from('900500504e024142' + '78', 'hex')],
])('Vital Product Data that %s has no number', async (_case, vpd) => {
  const host = { detect: { pci: ids }, serial: { from: ['vpd'] }, identifier: '{serial}' };
  const packageJson = { dpu: { contract: '^1.0.0', products: [{ name: 'Card', host }] } };
  await using sysfs = await fakeSysfs({ pci: [first] });
  await writeFile(join(sysfs.root, 'bus/pci/devices/0000:01:00.0/vpd'), vpd);
  expect(await detect({ packageJson, sysfs })).toEqual([]);
});

/** A config space with extended capabilities: offset, id, offset of the next. */
function capabilities(...list: [number, number, number][]): Buffer {
  const config = Buffer.alloc(4096);
  config.write('b315dca2', 'hex');
  for (const [offset, id, next] of list) config.writeUInt32LE(id + 0x1_0000 + next * 0x10_0000, offset);
  return config;
}
