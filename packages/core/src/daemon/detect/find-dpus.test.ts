import type { PciFunction, SysfsSnapshot } from '@dpu-operator/sdk/linux';
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import type { VendorPlugin } from '../../api/index.ts';
import { PluginCatalog } from '../../plugins/catalog.ts';
import { type FindInput, findDpus } from './find-dpus.ts';
import type { KnownDpu } from './known-dpu.ts';
import type { ServedDpu } from './served-dpu.ts';

const labelled = {
  name: 'Card',
  host: { detect: { nodeLabel: { key: 'card', values: ['yes'] } }, identifier: 'card-{node}' },
};

function vendor(name: string, day: number, products: object[] = [labelled], resolved = true): VendorPlugin {
  const manifest = { contract: '^1.0.0', products };
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: { name, creationTimestamp: `2026-01-0${day}T00:00:00Z` },
    spec: { image: 'vsp:1', version: 'latest' },
    status: { releases: resolved ? [{ requested: 'latest', image: 'vsp:1', manifest }] : [] },
  };
}

const record: DetectedDpu = {
  name: 'card-n-host',
  identifier: 'card-n',
  productName: 'Card',
  side: 'host',
  plugin: 'gone',
};
const ofPlugin = (plugin: string): ServedDpu => ({ ...record, plugin, nodeUid: 'node 1' });

interface More extends Partial<FindInput> {
  card?: string;
}

function find(vendors: VendorPlugin[], known: KnownDpu[] = [], { card = 'yes', ...more }: More = {}) {
  return findDpus({
    catalog: new PluginCatalog(vendors, []),
    snapshot: machine(),
    node: { name: 'n', uid: 'node 1', labels: { card } },
    mode: 'auto',
    known,
    gonePlugins: new Set(['gone']),
    takesNew: true,
    ...more,
  });
}

const outcome = (...input: Parameters<typeof find>) =>
  find(...input).map(({ dpu, presence, pluginGone, removal }) => [
    dpu.name,
    dpu.plugin,
    removal ? 'ordered to go' : presence.is,
    ...(pluginGone ? ['plugin gone'] : []),
  ]);

test('the older of two plugins has a DPU, unless the younger had it before', () => {
  const vendors = [vendor('b', 2), vendor('a', 1)];
  expect(outcome(vendors)).toEqual([['card-n-host', 'a', 'there']]);
  expect(outcome(vendors, [ofPlugin('b')])).toEqual([['card-n-host', 'b', 'there']]);
});

test('a DPU whose plugin is gone goes to another one that knows it', () => {
  expect(outcome([vendor('a', 1)], [record])).toEqual([['card-n-host', 'a', 'there']]);
});

test('a DPU whose plugin is gone is kept, and said to be without', () => {
  expect(outcome([], [record])).toEqual([['card-n-host', 'gone', 'there', 'plugin gone']]);
  expect(outcome([], [record], { mode: 'dpu' })).toEqual([['card-n-host', 'gone', 'ordered to go']]);
});

test('a DPU whose plugin may be gone is kept as it is', () => {
  expect(outcome([], [record], { gonePlugins: new Set() })).toEqual([['card-n-host', 'gone', 'there']]);
});

test('a DPU whose plugin tells nothing of it (no version yet, or another product) is kept as it is', () => {
  expect(outcome([vendor('a', 1, [], false)], [ofPlugin('a')])).toEqual([['card-n-host', 'a', 'there']]);
  const other = { ...labelled, name: 'Other', host: { ...labelled.host, identifier: 'other' } };
  expect(outcome([vendor('a', 1, [other])], [ofPlugin('a')])).toContainEqual(['card-n-host', 'a', 'there']);
});

test('a DPU of which no plugin is written down is neither gone nor made anew', () => {
  expect(outcome([], [{ ...record, plugin: '', identifier: undefined }])).toEqual([['card-n-host', '', 'unknown']]);
});

test('a label that does not match any more is an order, one that is not known is none', () => {
  const vendors = [vendor('a', 1)];
  expect(outcome(vendors, [ofPlugin('a')], { card: 'no' })).toEqual([['card-n-host', 'a', 'ordered to go']]);
  const node = { name: 'n', uid: undefined, labels: undefined };
  expect(outcome(vendors, [ofPlugin('a')], { node })).toEqual([['card-n-host', 'a', 'there']]);
  expect(outcome(vendors, [], { node })).toEqual([]);
});

test('a label that a node has not had since it was registered anew is no order until it has', () => {
  const vendors = [vendor('a', 1)];
  const unlabelled = { name: 'n', uid: 'node 2', labels: {} };
  const [finding] = find(vendors, [ofPlugin('a')], { node: unlabelled });
  expect(finding?.presence).toEqual({
    is: 'unknown',
    reason: 'node n, as it is registered now, has not had the label card=yes yet',
  });
  expect(finding).not.toHaveProperty('removal');
  const [again] = find(vendors, [ofPlugin('a')], { node: { ...unlabelled, labels: { card: 'yes' } } });
  expect(again?.dpu.nodeUid).toBe('node 2');
  expect(outcome(vendors, again ? [again.dpu] : [], { node: unlabelled })).toEqual([
    ['card-n-host', 'a', 'ordered to go'],
  ]);
  // What an earlier version wrote down does not tell.
  expect(outcome(vendors, [{ ...ofPlugin('a'), nodeUid: undefined }], { node: unlabelled })).toEqual([
    ['card-n-host', 'a', 'unknown'],
  ]);
});

test('new DPUs wait for somebody who wants them', () => {
  expect(outcome([vendor('a', 1)], [], { takesNew: false })).toEqual([]);
  expect(outcome([vendor('a', 1)], [ofPlugin('a')], { takesNew: false })).toEqual([['card-n-host', 'a', 'there']]);
});

const pci = (address: string, ids: string, more: Partial<PciFunction> = {}): PciFunction => ({
  address,
  vendor: ids.slice(0, 4),
  device: ids.slice(5),
  subsystemVendor: '',
  subsystemDevice: '',
  class: '020000',
  isVf: false,
  bridges: [],
  netdevs: [{ name: 'eth0', mac: '02:00:00:00:00:01' }],
  config: new Uint8Array(0x158).fill(1),
  ...more,
});
const machine = (...functions: PciFunction[]): SysfsSnapshot => ({
  pci: functions,
  dmiProduct: '',
  compatible: [],
});
const root = pci('0000:00:00.0', '8086:0000');
const port = pci('0000:f4:00.0', '8086:124c');
const rule = { pci: { vendor: '8086', device: '124c' } };
const byMac = { name: 'Netsec', dpu: { detect: rule, identifier: '{mac:0000:f4:00.0}' } };
const bySerial = {
  name: 'Netsec',
  host: { detect: rule, serial: { from: [{ offset: 0x150, length: 8 }] }, identifier: '{serial}' },
};
const fixed = { name: 'Fixed', dpu: { detect: rule, identifier: 'fixed' } };
/** What is known after a first look. */
function knownOf(product: object, snapshot: SysfsSnapshot): KnownDpu[] {
  return find([vendor('v', 1, [product])], [], { snapshot }).map(({ dpu }) => dpu);
}

test.each<[string, object, SysfsSnapshot, string, boolean]>([
  ['no functions at all', fixed, machine(), '0000:f4:00.0 is not there', false],
  ['the function alone is away', fixed, machine(root), '0000:f4:00.0 is not there', true],
  ['another domain answers', fixed, machine(pci('0001:00:00.0', '8086:0000')), 'is not there', false],
  [
    'the bus reads ff',
    fixed,
    machine(pci('0000:00:00.0', '8086:0000', { config: Buffer.alloc(64, 0xff) })),
    'is not',
    false,
  ],
  [
    'the function cannot be read',
    fixed,
    machine(root, pci(port.address, ':', { vendor: '' })),
    'does not answer',
    false,
  ],
  ['its netdev is away', byMac, machine(root, { ...port, netdevs: [] }), 'has no netdev', false],
  [
    'its serial number reads ff',
    bySerial,
    machine(root, { ...port, config: new Uint8Array(0x158).fill(0xff) }),
    'does not answer as it did',
    false,
  ],
])('%s: unknown', (_case, product, snapshot, reason, unplugged) => {
  const known = knownOf(product, machine(root, port));
  const [finding, ...more] = find([vendor('v', 1, [product])], known, { snapshot });
  expect(finding).toMatchObject({
    dpu: known[0],
    presence: { is: 'unknown', reason: expect.stringContaining(reason) },
  });
  expect([finding?.unplugged ?? false, more]).toEqual([unplugged, []]);
});

test('a card with a switch of its own takes that with it: the nearest bridge that is left answers', () => {
  const slot = pci('0000:00:01.0', '8086:1901');
  const behind = pci(port.address, '8086:124c', { bridges: ['0000:00:01.0', '0000:f3:00.0'] });
  const known = knownOf(fixed, machine(slot, pci('0000:f3:00.0', '8086:1902', { bridges: ['0000:00:01.0'] }), behind));
  const look = (snapshot: SysfsSnapshot) => find([vendor('v', 1, [fixed])], known, { snapshot })[0]?.unplugged;
  expect(look(machine(slot))).toBe(true);
  expect(look(machine(root))).toBeUndefined();
});

test('a DPU of an earlier version, which did not say by which functions it was found, is never gone by itself', () => {
  const [known] = knownOf(fixed, machine(root, port));
  const { functions: _, ...old } = known ?? record;
  const [finding] = find([vendor('v', 1, [fixed])], [old], { snapshot: machine(root) });
  expect(finding).toMatchObject({ presence: { is: 'unknown' } });
  expect(finding?.unplugged).toBeUndefined();
});

test('a card whose MAC address somebody has changed keeps its name and identifier', () => {
  const known = knownOf(byMac, machine(port));
  const other = { ...port, netdevs: [{ name: 'eth0', mac: '02:00:00:00:00:99' }] };
  const findings = find([vendor('v', 1, [byMac])], known, { snapshot: machine(other) });
  expect(findings).toMatchObject([{ presence: { is: 'there', value: known[0] } }]);
});

test('a card whose serial number cannot be read at times keeps its name and identifier', () => {
  const product = { ...bySerial, host: { ...bySerial.host, serial: { ...bySerial.host.serial, fallback: '{slot}' } } };
  const unread = { ...port, config: new Uint8Array(64).fill(1) };
  for (const [before, after] of [
    [port, unread],
    [unread, port],
  ] as const) {
    const known = knownOf(product, machine(before));
    const findings = find([vendor('v', 1, [product])], known, { snapshot: machine(after) });
    expect(findings).toMatchObject([{ dpu: { name: known[0]?.name }, presence: { is: 'there' } }]);
  }
});

test('labels are orders however they are combined with hardware, and hardware that is away is none', () => {
  const yes = { nodeLabel: { key: 'card', values: ['yes'] } };
  const product = { name: 'Card', host: { detect: { allOf: [rule, { not: { not: yes } }] }, identifier: 'card' } };
  const known = knownOf(product, machine(port)).map((dpu) => ({ ...dpu, nodeUid: 'node 1' }));
  const vendors = [vendor('v', 1, [product])];
  expect(outcome(vendors, known, { snapshot: machine(port), card: 'no' })).toEqual([
    ['card-host', 'v', 'ordered to go'],
  ]);
  expect(outcome(vendors, known, { snapshot: machine(root) })).toEqual([['card-host', 'v', 'unknown']]);
  const either = { ...product, host: { ...product.host, detect: { anyOf: [{ allOf: [rule, yes] }, rule] } } };
  expect(outcome([vendor('v', 1, [either])], known, { snapshot: machine(root), card: 'no' })).toEqual([
    ['card-host', 'v', 'unknown'],
  ]);
});

test('another card in the slot is another DPU', () => {
  const known = knownOf(bySerial, machine(port));
  const other = { ...port, config: new Uint8Array(0x158).fill(2) };
  const findings = find([vendor('v', 1, [bySerial])], known, { snapshot: machine(other) });
  expect(findings.map(({ dpu, presence }) => [dpu.name, presence.is])).toEqual([
    ['0101010101010101-host', 'unknown'],
    ['0202020202020202-host', 'there'],
  ]);
});

test('a DPU whose plain name another node has is found under its own', () => {
  const known = knownOf(fixed, machine(port)).map((dpu) => ({ ...dpu, name: 'fixed-n-dpu' }));
  const findings = find([vendor('v', 1, [fixed])], known, { snapshot: machine(port) });
  expect(findings).toMatchObject([{ presence: { is: 'there', value: { name: 'fixed-n-dpu', identifier: 'fixed' } } }]);
});

test('two cards of one node with one identifier: the first is served, and both are named', () => {
  const second = { name: 'Other', dpu: { detect: { pci: { vendor: '177d', device: 'a0f7' } }, identifier: 'fixed' } };
  const vendors = [vendor('v', 1, [fixed]), vendor('w', 2, [second])];
  const snapshot = machine(port, pci('0002:0f:00.0', '177d:a0f7'));
  const findings = find(vendors, [], { snapshot });
  expect(findings.map(({ dpu }) => dpu.plugin)).toEqual(['v']);
  expect(findings[0]?.rival).toBe('Other at 0002:0f:00.0, which plugin w calls fixed');
});

test('two identifiers that make one name: the one that is known is served', () => {
  const upper = { name: 'Upper', dpu: { detect: { pci: { vendor: '177d', device: 'a0f7' } }, identifier: 'FIXED' } };
  const known = knownOf(fixed, machine(port));
  const snapshot = machine(port, pci('0002:0f:00.0', '177d:a0f7'));
  const findings = find([vendor('a', 1, [upper]), vendor('v', 2, [fixed])], known, { snapshot });
  expect(findings.map(({ dpu }) => dpu.identifier)).toEqual(['fixed']);
  expect(findings[0]?.rival).toContain('FIXED');
});
