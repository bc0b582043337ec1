import { expect, test } from 'vitest';
import type { PciFunction, SysfsSnapshot } from '../../linux/pci/sysfs.ts';
import { parsePluginManifest } from '../parse.ts';
import { type DetectionInput, detectDpus, needsHardware, objectName } from './detect.ts';

const plugin = (name: string, ...products: unknown[]) => ({
  packageName: name,
  manifest: parsePluginManifest({
    name,
    version: '1.0.0',
    dpu: { contract: '^1.0.0', products, settings: { type: 'object' } },
  }),
});

const intel = plugin('vsp-intel-ipu', {
  name: 'Intel IPU E2100',
  host: {
    detect: { pci: { vendor: '8086', device: '1452', class: '02', notVf: true }, netdevName: 'd2$' },
    identifier: 'intel-ipu-{pciAddress}',
  },
  dpu: { detect: { dmiProductContains: 'IPU Adapter E2100-CCQDA2' }, identifier: 'intel-ipu' },
});
const marvell = plugin('vsp-marvell', {
  name: 'Marvell DPU',
  host: { detect: { pci: { vendor: '177d', device: 'b900' } }, identifier: 'marvell-dpu-{pciAddress}' },
  dpu: { detect: { pci: { vendor: '177d', device: 'a0f7' } }, identifier: 'marvell-dpu' },
});
const netsec = plugin('vsp-intel-netsec', {
  name: 'Intel Netsec Accelerator',
  host: {
    detect: { pci: { vendor: '8086', device: '1599' } },
    serial: { from: [{ offset: 0x150, length: 8 }] },
    identifier: '{serial}',
  },
  dpu: { detect: { pci: { vendor: '8086', device: '124c' } }, identifier: '{mac:0000:f4:00.0}' },
});
const label = 'dpu.config.openshift.io/software-dpu';
const software = plugin('vsp-mock', {
  name: 'Software DPU',
  host: { detect: { nodeLabel: { key: label, values: ['host', 'both'] } }, identifier: 'software-dpu-{node}' },
  dpu: { detect: { nodeLabel: { key: label, values: ['dpu', 'both'] } }, identifier: 'software-dpu-{node}' },
});
const plugins = [intel, marvell, netsec, software];

const pci = (address: string, ids: string, more: Partial<PciFunction> = {}): PciFunction => ({
  address,
  vendor: ids.slice(0, 4),
  device: ids.slice(5),
  subsystemVendor: '',
  subsystemDevice: '',
  class: '020000',
  isVf: false,
  bridges: [],
  netdevs: [],
  config: new Uint8Array(0),
  ...more,
});
const names = (snapshot: Partial<SysfsSnapshot>, more: Partial<DetectionInput> = {}) =>
  detectDpus({
    plugins,
    snapshot: { pci: [], dmiProduct: '', compatible: [], ...snapshot },
    node: { name: 'worker-1', labels: {} },
    mode: 'auto',
    ...more,
  }).map((dpu) => dpu.name);

test('an ordinary machine has none', () => {
  expect(names({ pci: [pci('0000:00:1f.6', '8086:15bc')], dmiProduct: 'PowerEdge R750' })).toEqual([]);
});

test('Intel IPU on the host: the one physical function with a netdev ending in d2', () => {
  const netdev = (name: string) => ({ netdevs: [{ name, mac: '00:0a:00:00:00:01' }] });
  const card = [
    pci('0000:6a:00.0', '8086:1452', netdev('ens5f0')),
    pci('0000:6a:00.1', '8086:1452', netdev('ens5f0d2')),
    pci('0000:6a:00.2', '8086:1452', { ...netdev('ens5f0v0d2'), isVf: true }),
    pci('0000:6a:00.3', '8086:1452', { ...netdev('ens5f0d2'), class: '010802' }),
  ];
  expect(names({ pci: card })).toEqual(['intel-ipu-0000-6a-00.1-host']);
});

test('Intel IPU on its own cores: by DMI, and its own functions are no host side', () => {
  const own = [pci('0000:00:01.6', '8086:1452', { netdevs: [{ name: 'enp0s1f0d2', mac: '' }] })];
  expect(names({ pci: own, dmiProduct: 'Intel IPU Adapter E2100-CCQDA2 rev 1' })).toEqual(['intel-ipu-dpu']);
});

test('Marvell: every card on a host, one DPU on its own side', () => {
  const host = [pci('0000:01:00.0', '177d:b900'), pci('0000:01:00.1', '177d:b903'), pci('0000:02:00.0', '177d:b900')];
  expect(names({ pci: host })).toEqual(['marvell-dpu-0000-01-00.0-host', 'marvell-dpu-0000-02-00.0-host']);
  const own = [pci('0002:0f:00.0', '177d:a0f7'), pci('0002:10:00.0', '177d:a0f7'), pci('0002:02:00.0', '177d:a063')];
  expect(names({ pci: own })).toEqual(['marvell-dpu-dpu']);
});

test('Netsec: two ports with one serial number are one card', () => {
  const config = (serial: number) => new Uint8Array(0x158).fill(serial, 0x150);
  const ports = [
    pci('0000:ca:00.0', '8086:1599', { config: config(0xa1) }),
    pci('0000:ca:00.1', '8086:1599', { config: config(0xa1) }),
    pci('0000:cb:00.0', '8086:1599', { config: config(0xb2) }),
  ];
  expect(names({ pci: ports })).toEqual(['a1a1a1a1a1a1a1a1-host', 'b2b2b2b2b2b2b2b2-host']);
  const own = [
    pci('0000:f2:00.0', '8086:124c'),
    pci('0000:f4:00.0', '8086:124c', { netdevs: [{ name: 'eth0', mac: '00:11:22:33:44:55' }] }),
  ];
  expect(names({ pci: own })).toEqual(['00-11-22-33-44-55-dpu']);
  expect(names({ pci: own.map((port) => ({ ...port, netdevs: [] })) })).toEqual([]);
});

test('a card that does not answer has no serial number, hence no name yet', () => {
  const config = (byte: number) => new Uint8Array(0x158).fill(byte, 0x150);
  expect(names({ pci: [pci('0000:ca:00.0', '8086:1599', { config: config(0xff) })] })).toEqual([]);
});

test('a DPU tells by which functions it was found', () => {
  const config = new Uint8Array(0x158).fill(0xa1, 0x150);
  const bridges = ['0000:c9:00.0'];
  const ports = ['0000:ca:00.0', '0000:ca:00.1'].map((address) => pci(address, '8086:1599', { config, bridges }));
  const input = { plugins, node: { name: 'n', labels: { [label]: 'host' } }, mode: 'auto' } as const;
  const found = detectDpus({ ...input, snapshot: { pci: ports, dmiProduct: '', compatible: [] } });
  expect(found.map(({ functions }) => functions)).toEqual([
    ports.map(({ address }) => ({ address, bridges })),
    undefined,
  ]);
});

test('the software DPU follows the node label and the mode', () => {
  const node = (value: string) => ({ node: { name: 'Worker-1', labels: { [label]: value } } });
  expect(names({}, node('host'))).toEqual(['software-dpu-worker-1-host']);
  expect(names({}, node('dpu'))).toEqual(['software-dpu-worker-1-dpu']);
  expect(names({}, node('both'))).toEqual(['software-dpu-worker-1-dpu', 'software-dpu-worker-1-host']);
  expect(names({}, { ...node('both'), mode: 'host' })).toEqual(['software-dpu-worker-1-host']);
  expect(names({}, { ...node('dpu'), mode: 'host' })).toEqual([]);
  expect(names({}, node('maybe'))).toEqual([]);
});

test('only rules about hardware need a look at the machine', () => {
  expect(needsHardware([software])).toBe(false);
  expect(needsHardware(plugins)).toBe(true);
});

test('names are fit for Kubernetes', () => {
  expect(objectName('Intel_IPU-0000:6A:00.1', 'host')).toBe('intel-ipu-0000-6a-00.1-host');
});
