/** What the manifests of known cards find on built machines: identifier, product, side and number. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { detectDpus, needsVpd, parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { cards, type FakeMachine, fakeSysfs, ordinaryServer } from '@dpu-operator/sdk/testing';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

const { marvell, intelIpu, intelNetsec } = cards;
const root = join(import.meta.dirname, '../../../..');
const names = ['marvell', 'intel-ipu', 'intel-netsec'] as const;

/** Of the VendorPlugins that people copy: the images of the Go operator. */
function exampleOf(name: string) {
  const text = readFileSync(join(root, 'examples', `vendor-plugin-${name}.yaml`), 'utf8');
  const { spec } = parseAllDocuments(text)[0]?.toJS() ?? {};
  return { packageName: name, manifest: parsePluginManifest({ dpu: spec.manifest }) };
}

/** Of the plugins of this repository, which replace them. */
function packageOf(name: string) {
  const json = JSON.parse(readFileSync(join(root, 'packages', `vsp-${name}`, 'package.json'), 'utf8'));
  return { packageName: name, manifest: parsePluginManifest(json) };
}

const plugins = names.map(exampleOf);
const packages = [exampleOf('marvell'), packageOf('intel-ipu'), packageOf('intel-netsec')];

const both = (...machines: FakeMachine[]): FakeMachine => ({
  ...machines[0],
  pci: machines.flatMap(({ pci = [] }) => pci),
});

test.each<[string, FakeMachine, string[]]>([
  ['an ordinary server', ordinaryServer(), []],
  ['Marvell, one physical function', marvell.host(), ['host Marvell DPU marvell-dpu-0000:01:00.0']],
  ['Marvell with virtual functions', marvell.host({ numVfs: 4 }), ['host Marvell DPU marvell-dpu-0000:01:00.0']],
  [
    'Marvell, two physical functions with virtual ones',
    marvell.host({ pfs: ['0000:01:00.0', '0000:01:00.1'], numVfs: 2 }),
    ['host Marvell DPU marvell-dpu-0000:01:00.0', 'host Marvell DPU marvell-dpu-0000:01:00.1'],
  ],
  [
    'two equal Marvell cards',
    marvell.host({ pfs: ['0000:01:00.0', '0000:02:00.0'] }),
    ['host Marvell DPU marvell-dpu-0000:01:00.0', 'host Marvell DPU marvell-dpu-0000:02:00.0'],
  ],
  ['Marvell itself', marvell.dpu(), ['dpu Marvell DPU marvell-dpu']],
  ['Intel IPU', intelIpu.host(), ['host Intel IPU E2100 intel-ipu-0000:6a:00.0']],
  ['Intel IPU with virtual functions', intelIpu.host({ numVfs: 8 }), ['host Intel IPU E2100 intel-ipu-0000:6a:00.0']],
  ['Intel IPU itself', intelIpu.dpu(), ['dpu Intel IPU E2100 intel-ipu']],
  [
    'Intel NetSec: two ports, one serial number',
    intelNetsec.host(),
    ['host Intel Netsec Accelerator 0000c9ffff00ab12'],
  ],
  [
    'Intel NetSec with virtual functions',
    intelNetsec.host({ numVfs: 4 }),
    ['host Intel Netsec Accelerator 0000c9ffff00ab12'],
  ],
  [
    'two Intel NetSec cards',
    both(intelNetsec.host(), intelNetsec.host({ slot: '0000:cb:00', serial: '0000c9ffff00ab13' })),
    ['host Intel Netsec Accelerator 0000c9ffff00ab12', 'host Intel Netsec Accelerator 0000c9ffff00ab13'],
  ],
  ['Intel NetSec itself', intelNetsec.dpu({ numVfs: 2 }), ['dpu Intel Netsec Accelerator 02:00:00:01:00:01']],
  [
    'one of each',
    both(marvell.host(), intelIpu.host(), intelNetsec.host()),
    [
      'host Intel IPU E2100 intel-ipu-0000:6a:00.0',
      'host Intel Netsec Accelerator 0000c9ffff00ab12',
      'host Marvell DPU marvell-dpu-0000:01:00.0',
    ],
  ],
])('%s is found, with its identifier', async (_what, machine, expected) => {
  await using sysfs = await fakeSysfs(machine);
  for (const known of [plugins, packages]) {
    const snapshot = await sysfs.snapshot({ vpd: needsVpd(known) });
    const found = detectDpus({ plugins: known, snapshot, node: { name: 'worker-1', labels: {} }, mode: 'auto' });
    const told = found.map(({ side, productName, identifier }) => `${side} ${productName} ${identifier}`);
    expect(told.sort()).toEqual(expected);
  }
});

test('on two equal servers a card in the same slot is called the same, and one with a serial number is not', async () => {
  const names = async (machine: FakeMachine) => {
    await using sysfs = await fakeSysfs(machine);
    const snapshot = await sysfs.snapshot();
    return detectDpus({ plugins, snapshot, node: { name: 'worker-1', labels: {} }, mode: 'host' }).map(
      ({ name }) => name,
    );
  };
  expect(await names(marvell.host())).toEqual(await names(marvell.host()));
  expect(await names(intelNetsec.host())).not.toEqual(await names(intelNetsec.host({ serial: '0000c9ffff00ab13' })));
});
