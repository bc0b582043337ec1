import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Exec, Netlink } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { SysfsTree } from '../../testing/sysfs-tree.ts';
import { AttachEngine } from '../engine.ts';
import { parseNetworkConfig } from '../network-config.ts';
import { AttachmentStore } from '../record/store.ts';
import { dataPathOf, hostSide, indexOf } from '../testing/dpu.ts';
import { DeviceHomes } from './device-homes.ts';
import type { writeCniDeviceInfo } from './device-info.ts';
import { Devices } from './devices.ts';
import { PhysicalFunctions } from './vf-settings.ts';
import { unsetMac, vfioMac } from './vfio-device.ts';

const [pf, vf] = ['0000:01:00.0', '0000:01:00.2'];
const adminMac = '02:00:00:00:00:aa';
const netns = '/proc/self/ns/net';
const key = { containerId: 'pod', ifName: 'net1' };

const tree = () =>
  new SysfsTree()
    .add({ address: pf, netdev: 'ens1' })
    .add({ address: vf, vfio: { group: '12' }, virtual: { of: pf, index: 0 } });

type Vf = Awaited<ReturnType<Netlink['listVfs']>>[number];
type VfChange = Parameters<Netlink['setVf']>[2];

/** A node whose VF is bound to vfio-pci, with what its PF has set, and each change that was made to it. */
function fixture(present: Pick<Vf, 'mac' | 'vlan'>) {
  const changes: VfChange[] = [];
  const programs: string[] = [];
  const exec: Exec = async (file) => {
    programs.push(basename(file));
    return { stdout: '{"ips":[{"address":"10.0.0.5/24"}]}', stderr: '', exitCode: 0 };
  };
  const physicalFunctions = new PhysicalFunctions(() => ({
    listVfs: async () => [{ number: 0, ...present }],
    setVf: async (_netdev, _vf, change) => void changes.push(change),
    close: () => {},
  }));
  const ports = new Map<string, BridgePort>();
  const dpu = hostSide(
    dataPathOf({
      createBridgePort: async (port) => void ports.set(port.name, port),
      deleteBridgePort: async (name) => void ports.delete(name),
    }),
  );
  const logger = pino({ level: 'silent' });
  const root = mkdtempSync(join(tmpdir(), 'vfio-'));
  const store = new AttachmentStore({ directory: join(root, 'a'), logger });
  // Its place is the same on every node, and not a test's to write to.
  const writeDeviceInfo = vi.fn<typeof writeCniDeviceInfo>();
  const engine = new AttachEngine({
    store,
    homes: new DeviceHomes({ directory: join(root, 'homes'), logger }),
    exec,
    logger,
    devices: new Devices(tree().root),
    physicalFunctions,
    writeDeviceInfo,
    index: indexOf(() => dpu),
  });
  const add = (config: object, mac?: string) =>
    engine.add({ ...key, netns, network: parseNetworkConfig({ name: 'net', deviceID: vf, ...config }), mac });
  return { engine, store, changes, programs, ports, add, writeDeviceInfo };
}

test('nothing moves: the physical function sets MAC and VLAN, and DEL sets what was there', async () => {
  const { engine, store, changes, ports, add } = fixture({
    mac: adminMac,
    vlan: { id: 7, qos: 1, protocol: '802.1q' },
  });
  const asked = '02:00:00:00:00:bb';
  const result = await add({ cniVersion: '1.1.0', vlan: 5 }, asked);
  expect(result.interfaces).toEqual([{ name: 'net1', mac: asked, sandbox: netns, mtu: 1500, pciID: vf }]);
  expect(changes).toEqual([{ mac: asked, vlan: { id: 5, qos: 0, protocol: '802.1q' } }]);
  expect([...ports.values()]).toMatchObject([{ name: 'host0-0', macAddress: asked }]);
  await engine.check({ ...key, netns, prevResult: result });
  await engine.del(key);
  expect(changes.slice(1)).toEqual([{ mac: adminMac, vlan: { id: 7, qos: 1, protocol: '802.1q' } }]);
  expect([store.list(), [...ports]]).toEqual([[], []]);
});

test('the file that the runtime names says which PCI function the pod has, and its failure fails no ADD', async () => {
  const CNIDeviceInfoFile = '/var/run/k8s.cni.cncf.io/devinfo/cni/default-net-pod_net1';
  const info = { type: 'pci', version: '1.1.0', pci: { 'pci-address': vf, 'pf-pci-address': pf } };
  const { add, store, writeDeviceInfo } = fixture({ mac: adminMac });
  writeDeviceInfo.mockImplementationOnce(() => {
    throw new Error('ENOSPC');
  });
  await add({ runtimeConfig: { CNIDeviceInfoFile } });
  expect(writeDeviceInfo).toHaveBeenCalledExactlyOnceWith(CNIDeviceInfoFile, info);
  expect(store.list()).toMatchObject([{ state: 'attached', vfio: true }]);
});

test('the addresses of IPAM are in the result, and on no interface', async () => {
  const { engine, changes, programs } = fixture({ mac: adminMac });
  const cniPath = mkdtempSync(join(tmpdir(), 'ipam-'));
  writeFileSync(join(cniPath, 'leases'), '', { mode: 0o755 });
  const ipam = { type: 'leases', env: { CNI_PATH: cniPath }, config: '{}' };
  const network = parseNetworkConfig({ name: 'net', deviceID: vf, ipam: { type: 'leases' } });
  const { ips } = await engine.add({ ...key, netns, network, ipam });
  expect(ips).toEqual([{ address: '10.0.0.5/24', interface: 0 }]);
  expect([changes, programs]).toEqual([[{ mac: adminMac }], ['leases']]);
});

test('the address that the physical function has set is that of the bridge port', async () => {
  const { changes, ports, add } = fixture({ mac: adminMac });
  await add({});
  expect(changes).toEqual([{ mac: adminMac }]);
  expect([...ports.values()]).toMatchObject([{ macAddress: adminMac }]);
});

test('a VF that has no address gets one, and loses it at DEL', async () => {
  const { engine, changes, ports, add } = fixture({ mac: unsetMac });
  const { interfaces } = await add({});
  const [port] = [...ports.values()];
  expect(port?.macAddress).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  expect(interfaces[0]?.mac).toBe(port?.macAddress);
  await engine.del(key);
  expect(changes.at(-1)).toEqual({ mac: unsetMac });
});

test('an ADD that fails gives the physical function its settings back', async () => {
  const { store, changes, ports, add } = fixture({ mac: adminMac });
  ports.set = () => {
    throw new DpuError('UNAVAILABLE', 'the DPU is away');
  };
  await expect(add({ vlan: 5 })).rejects.toThrow('the DPU is away');
  expect(changes.at(-1)).toEqual({ mac: adminMac, vlan: { id: 0, qos: 0, protocol: '802.1q' } });
  expect(store.list()).toEqual([]);
});

test('without a netdev of its physical function nothing can set it, and it is refused', () => {
  const bare = new SysfsTree()
    .add({ address: pf, vfio: { group: '1' } })
    .add({ address: vf, vfio: { group: '2' }, virtual: { of: pf, index: 0 } });
  expect(() => new Devices(bare.root).read(vf)).toThrow(`${vf} is bound to vfio-pci, but its physical function`);
});

test('an address is chosen in this order: asked, set, made', () => {
  expect(vfioMac('02:00:00:00:00:01', adminMac)).toBe('02:00:00:00:00:01');
  expect(vfioMac(undefined, adminMac)).toBe(adminMac);
  expect(vfioMac(undefined, undefined)).not.toBe(vfioMac(undefined, undefined));
});
