import { expect, test } from 'vitest';
import { fakeSysfs } from '../../testing/sysfs.ts';
import { parsePluginManifest } from '../parse.ts';
import { detectDpus } from './detect.ts';
import { dpuWithoutCard } from './dpu-without-card.ts';

const plugin = (...products: object[]) => ({
  packageName: 'vsp-test',
  manifest: parsePluginManifest({ dpu: { contract: '^1.0.0', products } }),
});
const pci = { vendor: '177d', device: 'b900' };
const hostOnly = { name: 'Old Card', host: { detect: { pci }, identifier: 'old-{pciAddress}' } };
const dpuOnly = { name: 'Old DPU', dpu: { detect: { dmiProductContains: 'Old' }, identifier: 'old-{node}' } };
const both = {
  name: 'New Card',
  host: { detect: { pci }, serial: { from: ['dsn'] }, identifier: 'new-{serial}-{node}' },
  dpu: { detect: { anyOf: [{ pci }] }, identifier: 'new-{mac:0000:f4:00.0}-{slot}' },
};

test('takes the product with both sides, with a card made up for its identifier', () => {
  expect(dpuWithoutCard(plugin(hostOnly, both), 'host', 'node-1')).toEqual({
    name: 'new-0011223344556677-node-1-host',
    identifier: 'new-0011223344556677-node-1',
    productName: 'New Card',
    side: 'host',
    plugin: 'vsp-test',
    functions: [{ address: 'ffff:01:00.0', bridges: [] }],
  });
  expect(dpuWithoutCard(plugin(both), 'dpu', 'node-1')).toMatchObject({
    identifier: 'new-02:00:00:00:00:01-ffff:01:00',
    functions: [{ address: 'ffff:01:00.0' }],
  });
});

test('where no product has both sides, takes one that has the side', () => {
  expect(dpuWithoutCard(plugin(hostOnly, dpuOnly), 'dpu', 'node-1')).toEqual({
    name: 'old-node-1-dpu',
    identifier: 'old-node-1',
    productName: 'Old DPU',
    side: 'dpu',
    plugin: 'vsp-test',
  });
});

test('a side that no product knows gets an identifier all the same', () => {
  expect(dpuWithoutCard(plugin(hostOnly), 'dpu', 'n')).toEqual({
    name: 'old-card-n-dpu',
    identifier: 'Old Card-n',
    productName: 'Old Card',
    side: 'dpu',
    plugin: 'vsp-test',
  });
});

test('is what detection finds where there is such a card', async () => {
  const plugins = [
    plugin({ name: 'Card', host: { detect: { pci }, identifier: 'card-{slot}-{pciAddress}-{node}' } }),
    plugin({ name: 'Machine', host: { detect: { dmiProductContains: 'New' }, identifier: 'machine-{node}' } }),
  ];
  await using sysfs = await fakeSysfs({ pci: [{ address: 'ffff:01:00.0', ...pci }], dmiProduct: 'New' });
  const snapshot = await sysfs.snapshot();
  const node = { name: 'node-1', labels: {} };
  const found = detectDpus({ plugins, snapshot, node, mode: 'host' });
  expect(found).toEqual(plugins.map((each) => dpuWithoutCard(each, 'host', 'node-1')));
});
