import { existsSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SysfsTree } from '../../testing/sysfs-tree.ts';
import { parseNetworkConfig } from '../network-config.ts';
import { deviceInfoOf, writeCniDeviceInfo } from './device-info.ts';
import { PciFunctions } from './pci-functions.ts';

const [pf, vf] = ['0000:01:00.0', '0000:01:00.2'];
const tree = new SysfsTree()
  .add({ address: pf, netdev: 'ens1' })
  .add({ address: vf, netdev: 'ens1v0', virtual: { of: pf, index: 0 } });
const pci = new PciFunctions(tree.root);
const info = deviceInfoOf(vf, pci);
const newDirectory = () => mkdtempSync(join(tmpdir(), 'devinfo-'));

test('a VF names its physical function, a physical function none', () => {
  expect(info).toEqual({ type: 'pci', version: '1.1.0', pci: { 'pci-address': vf, 'pf-pci-address': pf } });
  expect(deviceInfoOf(pf, pci)).toMatchObject({ pci: { 'pci-address': pf } });
});

test.each([
  ['vhost_vdpa', 'vhost', 'vhost-vdpa-3', '/dev/vhost-vdpa-3'],
  ['virtio_vdpa', 'virtio', 'virtio5', '/sys/bus/virtio/devices/virtio5'],
])('a function with a vDPA device driven by %s is told as that', (kernelDriver, driver, child, path) => {
  const own = new SysfsTree()
    .add({ address: pf })
    .add({ address: vf, virtual: { of: pf, index: 0 } })
    .addVdpa('0000:01:00.3', { name: 'vdpa0', driver: 'vhost_vdpa', child: 'vhost-vdpa-0' })
    .addVdpa(vf, { name: 'vdpa1', driver: kernelDriver, child });
  expect(deviceInfoOf(vf, new PciFunctions(own.root))).toEqual({
    type: 'vdpa',
    version: '1.1.0',
    vdpa: { 'parent-device': 'vdpa1', driver, path, 'pci-address': vf, 'pf-pci-address': pf },
  });
});

test('a vDPA device that no driver has taken is no device for a pod yet', () => {
  const own = new SysfsTree().add({ address: vf }).addVdpa(vf, { name: 'vdpa0', driver: 'none', child: 'power' });
  expect(deviceInfoOf(vf, new PciFunctions(own.root)).type).toBe('pci');
});

test('the file of an attachment is made with its directory, and what is there stays', () => {
  const path = join(newDirectory(), 'cni', 'default-net-pod_net1');
  writeCniDeviceInfo(path, info);
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(info);
  writeCniDeviceInfo(path, deviceInfoOf(pf, pci));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(info);
});

test('a link in its place is not followed', () => {
  const directory = newDirectory();
  symlinkSync(join(directory, 'target'), join(directory, 'link'));
  writeCniDeviceInfo(join(directory, 'link'), info);
  expect(existsSync(join(directory, 'target'))).toBe(false);
});

test('what cannot be written is an error', () => {
  const directory = newDirectory();
  writeFileSync(join(directory, 'file'), '');
  expect(() => writeCniDeviceInfo(join(directory, 'file', 'x'), info)).toThrow();
});

const config = (CNIDeviceInfoFile: string) => parseNetworkConfig({ name: 'net', runtimeConfig: { CNIDeviceInfoFile } });
const place = '/var/run/k8s.cni.cncf.io/devinfo/cni';

test.each([`${place}/default-net-pod_net1`, '/run/k8s.cni.cncf.io/devinfo/cni/x'])('%j may be written', (path) => {
  expect(config(path).runtimeConfig?.CNIDeviceInfoFile).toBe(path);
});

test.each([
  '',
  'x',
  '/etc/passwd',
  place,
  `${place}/`,
  `${place}/..`,
  `${place}/../dp/openshift.io-dpu-x-device.json`,
  `${place}/a/b`,
  `${place}/a\0b`,
])('%j is refused by name', (path) => {
  expect(() => config(path)).toThrow('runtimeConfig.CNIDeviceInfoFile: must be a file in');
});
