/** A VF whose netdev goes into the pod, with a driver that does not trust it. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { beforeEach, expect, test, vi } from 'vitest';
import { SysfsTree } from '../../testing/sysfs-tree.ts';
import { AttachEngine } from '../engine.ts';
import { parseNetworkConfig } from '../network-config.ts';
import { AttachmentStore } from '../record/store.ts';
import { dataPathOf, hostSide, indexOf } from '../testing/dpu.ts';
import { type ModelledDevice, ModelledKernel } from '../testing/modelled-kernel.ts';
import { DeviceHomes } from './device-homes.ts';
import type { writeCniDeviceInfo } from './device-info.ts';
import { Devices } from './devices.ts';

const [pf, vf] = ['0000:01:00.0', '0000:01:00.2'];
const adminMac = '02:00:00:00:00:aa';
const asked = '02:00:00:00:00:bb';
const netns = '/proc/self/ns/mnt';
const key = { containerId: 'pod', ifName: 'net1' };

let kernel: ModelledKernel;
let device: ModelledDevice;
let engine: AttachEngine;
// The place of the file is the same on every node, and not a test's to write to.
const writeDeviceInfo = vi.fn<typeof writeCniDeviceInfo>();

beforeEach(() => {
  kernel = new ModelledKernel();
  device = kernel.add({ name: 'ens1v0', identity: { ifindex: 7, pciAddress: vf }, mac: adminMac });
  const tree = new SysfsTree()
    .add({ address: pf, netdev: 'ens1' })
    .add({ address: vf, netdev: 'ens1v0', mac: adminMac, virtual: { of: pf, index: 0 } });
  const dpu = hostSide(dataPathOf());
  const logger = pino({ level: 'silent' });
  const root = mkdtempSync(join(tmpdir(), 'netdev-vf-'));
  engine = new AttachEngine({
    store: new AttachmentStore({ directory: join(root, 'a'), logger }),
    homes: new DeviceHomes({ directory: join(root, 'homes'), logger }),
    exec,
    logger,
    devices: new Devices(tree.root),
    links: kernel,
    physicalFunctions: kernel,
    writeDeviceInfo,
    index: indexOf(() => dpu),
  });
});

const add = (config: object = {}, mac?: string) =>
  engine.add({ ...key, netns, network: parseNetworkConfig({ name: 'net', deviceID: vf, ...config }), mac });

test.each([adminMac, undefined])(
  'with MAC %s set by its PF, that is told another before the VF takes it',
  async (set) => {
    if (set !== undefined) kernel.admin.mac = set;
    await add({}, asked);
    expect(device).toMatchObject({ name: 'net1', netns, mac: asked });
    expect(kernel.admin.mac).toBe(asked);
    await engine.del(key);
    expect(device).toMatchObject({ name: 'ens1v0', netns: '', mac: adminMac });
    expect(kernel.admin.mac).toBe(set);
  },
);

test('the file that the runtime names says which PCI function the pod has', async () => {
  const CNIDeviceInfoFile = '/var/run/k8s.cni.cncf.io/devinfo/cni/default-net-pod_net1';
  await add({ runtimeConfig: { CNIDeviceInfoFile } });
  const info = { type: 'pci', version: '1.1.0', pci: { 'pci-address': vf, 'pf-pci-address': pf } };
  expect(writeDeviceInfo).toHaveBeenCalledExactlyOnceWith(CNIDeviceInfoFile, info);
});
