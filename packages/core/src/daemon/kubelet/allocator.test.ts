import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { PciFunctions } from '../attach/device/pci-functions.ts';
import { SysfsTree } from '../testing/sysfs-tree.ts';
import { Allocator, type AllocatorOptions } from './allocator.ts';
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

type AskVendor = AllocatorOptions['askVendor'];

function fixture(
  directory = join(mkdtempSync(join(tmpdir(), 'devinfo-')), 'dp'),
  askVendor: AskVendor = async () => undefined,
  resource = resourceName,
) {
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
    ids.map((id) => ({ id, healthy: true, resource })),
  );
  const deviceInfo = new DeviceInfoFiles({ directory, pci });
  const allocator = new Allocator({ pool, resourceName: resource, pci, deviceInfo, askVendor, logger });
  return { allocator, pool, deviceInfo, directory };
}

test('every name under which programs look for their devices', async () => {
  const { allocator } = fixture();
  expect(await allocator.allocate(['swdpu-vf0', kernelVf])).toEqual({
    envs: {
      DPU_DEVICES: 'swdpu-vf0,0000:01:00.2',
      PCIDEVICE_OPENSHIFT_IO_DPU: 'swdpu-vf0,0000:01:00.2',
      'NF-DEV': 'swdpu-vf0,0000:01:00.2,',
    },
    mounts: [],
    devices: [],
    cdi_devices: [],
  });
});

test('a shell can read the variable of each network', async () => {
  const { allocator } = fixture(undefined, undefined, 'openshift.io/dpunetwork-a-b.c');
  const { envs } = await allocator.allocate(['swdpu-vf0']);
  expect(envs).toMatchObject({ PCIDEVICE_OPENSHIFT_IO_DPUNETWORK_A_B_C: 'swdpu-vf0' });
});

test('programs are told what the plugin says of their devices', async () => {
  const { allocator, pool } = fixture();
  pool.set('dpu', [
    { id: 'swdpu-vf0', healthy: true, numaNode: 1, kind: 'rdma', attributes: { speed: '25G' } },
    { id: 'swdpu-vf1', healthy: true, numaNode: 1 },
  ]);
  const { envs } = await allocator.allocate(['swdpu-vf0', 'swdpu-vf1']);
  expect(JSON.parse(envs.DPU_DEVICE_INFO ?? '')).toEqual({
    'swdpu-vf0': { kind: 'rdma', numaNode: 1, attributes: { speed: '25G' } },
  });
});

test("each DPU's plugin adds to what the container gets with its devices", async () => {
  const asked: [string, readonly string[]][] = [];
  const { allocator, pool } = fixture(undefined, async (dpuName, deviceIds) => {
    asked.push([dpuName, deviceIds]);
    return dpuName === 'silent' ? undefined : { env: { CARD: dpuName }, cdiDevices: ['acme.example.com/vf=0'] };
  });
  pool.set('silent', [{ id: 'swdpu-vf1', healthy: true }]);
  const { envs, cdi_devices } = await allocator.allocate(['swdpu-vf0', 'swdpu-vf1', kernelVf]);
  expect(asked).toEqual([
    ['dpu', ['swdpu-vf0', kernelVf]],
    ['silent', ['swdpu-vf1']],
  ]);
  expect([envs.CARD, cdi_devices]).toEqual(['dpu', [{ name: 'acme.example.com/vf=0' }]]);
});

test('a plugin that asks for too much, or fails, keeps its devices from the pod, and nothing is written', async () => {
  const { allocator, directory } = fixture(undefined, async () => ({ env: { PATH: '/acme' } }));
  await expect(allocator.allocate([kernelVf])).rejects.toThrow(
    'the plugin of dpu dpu gives the container the environment',
  );
  const failure = new DpuError('UNAVAILABLE', 'the VSP is away');
  const failing = fixture(directory, () => Promise.reject(failure));
  await expect(failing.allocator.allocate([kernelVf])).rejects.toBe(failure);
  expect(existsSync(directory)).toBe(false);
});

test('an unhealthy device is refused, with its reason', async () => {
  const { allocator, pool } = fixture();
  pool.set('dpu', [{ id: 'vf7', healthy: false, reason: 'no carrier' }]);
  await expect(allocator.allocate(['vf7'])).rejects.toThrow(
    'device vf7 is unhealthy (no carrier): see the conditions of',
  );
});

test('the device nodes of VFs bound to vfio-pci, each once', async () => {
  const { allocator } = fixture();
  const node = (path: string, host = path) => ({ container_path: path, host_path: host, permissions: 'rw' });
  expect((await allocator.allocate([vfioVf, kernelVf, vfioTwin, noIommuVf])).devices).toEqual([
    node('/dev/vfio/vfio'),
    node('/dev/vfio/12'),
    node('/dev/vfio/0', '/dev/vfio/noiommu-0'),
  ]);
});

test('a VF bound to vfio-pci on a node without IOMMU groups is refused, and nothing is written', async () => {
  const { allocator, directory } = fixture();
  const why = `device ${brokenVf}: it is bound to vfio-pci but`;
  await expect(allocator.allocate([kernelVf, brokenVf])).rejects.toThrow(why);
  expect(existsSync(directory)).toBe(false);
});

test('a device information file for each PCI device, under the name that Multus looks for', async () => {
  const { allocator, directory } = fixture();
  await allocator.allocate([vfioVf, 'swdpu-vf0']);
  await allocator.allocate([vfioVf]);
  const name = 'openshift.io-dpu-0000:01:00.3-device.json';
  expect(readdirSync(directory)).toEqual([name]);
  expect(JSON.parse(readFileSync(join(directory, name), 'utf8'))).toEqual({
    type: 'pci',
    version: '1.1.0',
    pci: { 'pci-address': vfioVf, 'pf-pci-address': pf },
  });
});

test('the files of this resource go at uninstall, and only those', async () => {
  const { allocator, deviceInfo, directory } = fixture();
  deviceInfo.removeAll();
  await allocator.allocate([kernelVf]);
  const another = 'openshift.io-sriov-0000:02:00.0-device.json';
  writeFileSync(join(directory, another), '{}');
  writeFileSync(join(directory, 'openshift.io-dpu-0000:01:00.9-device.json.draft'), '');
  deviceInfo.removeAll();
  expect(readdirSync(directory)).toEqual([another]);
});

test('a file that cannot be written keeps no pod from its devices', async () => {
  const root = mkdtempSync(join(tmpdir(), 'devinfo-'));
  mkdirSync(join(root, 'dp/openshift.io-dpu-0000:01:00.2-device.json'), { recursive: true });
  const { allocator } = fixture(join(root, 'dp'));
  expect((await allocator.allocate([kernelVf])).envs.DPU_DEVICES).toBe(kernelVf);
});
