/** A plugin for a card is checked where there is no such card: as on the machine that publishes it. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../host/testing.ts';
import { conformanceSuite } from '../suite.ts';
import { failedIds, limits } from '../testing/examine.ts';

const card = {
  address: '0000:01:00.0',
  vendor: '177d',
  device: 'b900',
  netdevs: [{ name: 'enp1s0' }],
  sriov: { totalVfs: 8, device: 'b903', numVfs: 2 },
};
const interfaces = ['0000:02:00.0', '0000:02:00.1'].map((address, index) => ({
  address,
  vendor: '177d',
  device: 'a063',
  netdevs: [{ name: `enp2s0f${index}` }],
}));
const product = {
  name: 'Acme DPU',
  host: { detect: { pci: { vendor: '177d', device: 'b900', notVf: true } }, identifier: 'acme-{pciAddress}' },
  dpu: { detect: { dmiProductContains: 'Acme DPU' }, identifier: 'acme' },
};

async function pluginPackage(): Promise<string> {
  const directory = await temporaryDirectory();
  const dpu = { contract: '^1.1.0', hostApi: '^1.0.0', products: [product] };
  const json = { name: 'vsp-acme', version: '1.2.3', type: 'module', dpu };
  await writeFile(join(directory, 'package.json'), JSON.stringify(json));
  const module = join(import.meta.dirname, '../testing/sriov-vsp.ts');
  await writeFile(join(directory, 'index.mjs'), `export { default } from ${JSON.stringify(module)};`);
  return directory;
}

const machine = { host: { pci: [card] }, dpu: { dmiProduct: 'Acme DPU 8', pci: interfaces } };

test('both sides of an SR-IOV card conform on a machine without one', { timeout: 600_000 }, async () => {
  const only = ['lifecycle', 'devices', 'bridge', 'network-functions', 'restart'];
  const plugin = await pluginPackage();
  const report = await conformanceSuite({ plugin, machine, maxVfs: 8, limits: { ...limits, ports: 8 }, only }).run();
  expect(failedIds(report)).toEqual([]);
  expect(report.modes.map(({ mode, left }) => [mode, left])).toEqual([
    ['host', []],
    ['dpu', []],
  ]);
  expect(report.conforms).toBe(true);
  const passed = report.results.filter(({ status }) => status === 'passed').map(({ mode, id }) => `${mode} ${id}`);
  expect(passed).toContain('host devices.count-max');
  expect(passed).toContain('host restart.devices');
  // By the addresses that the stand-in has.
  expect(passed).toContain('dpu network-functions.create-delete');
});

test('a machine on which the manifest finds nothing is told by side', async () => {
  const plugin = await pluginPackage();
  const other = { host: { pci: [{ ...card, device: 'b901' }] } };
  const run = conformanceSuite({ plugin, machine: other, only: ['devices.shape'] }).run();
  await expect(run).rejects.toThrow('machine.host: the rules of the manifest find no host side there');
});

test('a machine with a wrong id is refused before anything starts', () => {
  const wrong = { host: { pci: [{ ...card, vendor: '0x177d' }] } };
  expect(() => conformanceSuite({ plugin: '.', machine: wrong })).toThrow(
    /machine: host: pci: 0: vendor: has four hex/,
  );
});
