import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { PciFunctions } from '../attach/pci-functions.ts';
import { SysfsTree } from '../testing/sysfs-tree.ts';
import { Allocator } from './allocator.ts';
import { DeviceInfoFiles } from './device-info.ts';
import { DevicePool } from './pool.ts';

const logger = pino({ level: 'silent' });
const resourceName = 'openshift.io/dpu';
const pf = '0000:01:00.0';
/** A VF of the kernel's, two of vfio-pci in one IOMMU group, one without an IOMMU, and one that the IOMMU does not know. */
const [kernelVf, vfioVf, vfioTwin, noIommuVf, brokenVf] = [
  '0000:01:00.2',
  '0000:01:00.3',
  '0000:01:00.4',
  '0000:01:00.5',
  '0000:01:00.6',
];
const ids = [kernelVf, vfioVf, vfioTwin, noIommuVf, brokenVf, 'swdpu-vf0'];

function fixture(directory = join(mkdtempSync(join(tmpdir(), 'devinfo-')), 'dp')) {
  const tree = new SysfsTree()
    .add({ address: pf, netdev: 'ens1' })
    .add({ address: kernelVf, netdev: 'ens1v0', virtual: { of: pf, index: 0 } })
    .add({ address: vfioVf, vfio: { group: '12' }, virtual: { of: pf, index: 1 } })
    .add({ address: vfioTwin, vfio: { group: '12' }, virtual: { of: pf, index: 2 } })
    .add({ address: noIommuVf, vfio: { group: '0', noIommu: true }, virtual: { of: pf, index: 3 } })
    .add({ address: brokenVf, driver: 'vfio-pci', virtual: { of: pf, index: 4 } });
  const pci = new PciFunctions(tree.root);
  const pool = new DevicePool();
  pool.set(
    'dpu',
    ids.map((id) => ({ id, healthy: true })),
  );
  const deviceInfo = new DeviceInfoFiles({ directory, resourceName, pci });
  return { allocator: new Allocator({ pool, resourceName, pci, deviceInfo, logger }), deviceInfo, directory };
}

test('every name under which programs look for their devices', () => {
  const { allocator } = fixture();
  expect(allocator.allocate(['swdpu-vf0', kernelVf])).toEqual({
    envs: {
      DPU_DEVICES: 'swdpu-vf0,0000:01:00.2',
      PCIDEVICE_OPENSHIFT_IO_DPU: 'swdpu-vf0,0000:01:00.2',
      'NF-DEV': 'swdpu-vf0,0000:01:00.2,',
    },
    devices: [],
  });
});

test('the device nodes of VFs bound to vfio-pci, each once', () => {
  const { allocator } = fixture();
  const node = (path: string, host = path) => ({ container_path: path, host_path: host, permissions: 'rw' });
  expect(allocator.allocate([vfioVf, kernelVf, vfioTwin, noIommuVf]).devices).toEqual([
    node('/dev/vfio/vfio'),
    node('/dev/vfio/12'),
    node('/dev/vfio/0', '/dev/vfio/noiommu-0'),
  ]);
});

test('a VF bound to vfio-pci on a node without IOMMU groups is refused, and nothing is written', () => {
  const { allocator, directory } = fixture();
  expect(() => allocator.allocate([kernelVf, brokenVf])).toThrow(`device ${brokenVf}: it is bound to vfio-pci but`);
  expect(existsSync(directory)).toBe(false);
});

test('a device information file for each PCI device, under the name that Multus looks for', () => {
  const { allocator, directory } = fixture();
  allocator.allocate([vfioVf, 'swdpu-vf0']);
  allocator.allocate([vfioVf]);
  const name = 'openshift.io-dpu-0000:01:00.3-device.json';
  expect(readdirSync(directory)).toEqual([name]);
  expect(JSON.parse(readFileSync(join(directory, name), 'utf8'))).toEqual({
    type: 'pci',
    version: '1.1.0',
    pci: { 'pci-address': vfioVf, 'pf-pci-address': pf },
  });
});

test('the files of this resource go at uninstall, and only those', () => {
  const { allocator, deviceInfo, directory } = fixture();
  deviceInfo.removeAll();
  allocator.allocate([kernelVf]);
  const another = 'openshift.io-sriov-0000:02:00.0-device.json';
  writeFileSync(join(directory, another), '{}');
  writeFileSync(join(directory, 'openshift.io-dpu-0000:01:00.9-device.json.draft'), '');
  deviceInfo.removeAll();
  expect(readdirSync(directory)).toEqual([another]);
});

test('a file that cannot be written keeps no pod from its devices', () => {
  const root = mkdtempSync(join(tmpdir(), 'devinfo-'));
  mkdirSync(join(root, 'dp/openshift.io-dpu-0000:01:00.2-device.json'), { recursive: true });
  const { allocator } = fixture(join(root, 'dp'));
  expect(allocator.allocate([kernelVf]).envs.DPU_DEVICES).toBe(kernelVf);
});
