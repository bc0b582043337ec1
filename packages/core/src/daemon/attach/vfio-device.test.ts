import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { SysfsTree } from '../testing/sysfs-tree.ts';
import { writeCniDeviceInfo } from './device-info.ts';
import { Devices } from './devices.ts';
import { AttachEngine } from './engine.ts';
import { parseNetworkConfig } from './network-config.ts';
import type { DataPath } from './ports.ts';
import { AttachmentStore } from './store.ts';
import { vfioMac } from './vfio-device.ts';

// Its place is the same on every node, and not a test's to write to.
vi.mock(import('./device-info.ts'), async (original) => ({ ...(await original()), writeCniDeviceInfo: vi.fn() }));

const [pf, vf] = ['0000:01:00.0', '0000:01:00.2'];
const adminMac = '02:00:00:00:00:aa';
const netns = '/proc/self/ns/net';
const key = { containerId: 'pod', ifName: 'net1' };

const tree = () =>
  new SysfsTree()
    .add({ address: pf, netdev: 'ens1' })
    .add({ address: vf, vfio: { group: '12' }, virtual: { of: pf, index: 0 } });

/** A node whose VF is bound to vfio-pci, with what its PF has set (as iproute2 shows it) and each of its commands. */
function fixture(present: { address: string; vlan_list?: object[] }) {
  const commands: string[] = [];
  const exec: Exec = async (file, args) => {
    if (args.includes('-json')) {
      const listing = [{ ifname: 'ens1', vfinfo_list: [{ vf: 0, ...present }] }];
      return { stdout: JSON.stringify(listing), stderr: '', exitCode: 0 };
    }
    commands.push([basename(file), ...args].join(' '));
    if (file.endsWith('/leases')) return { stdout: '{"ips":[{"address":"10.0.0.5/24"}]}', stderr: '', exitCode: 0 };
    return { stdout: '', stderr: '', exitCode: 0 };
  };
  const ports = new Map<string, BridgePort>();
  const unused = async () => {};
  const dataPath: DataPath = {
    createBridgePort: async (port) => void ports.set(port.name, port),
    deleteBridgePort: async (name) => void ports.delete(name),
    createNetworkFunction: unused,
    deleteNetworkFunction: unused,
  };
  const entry = { dpuName: 'dpu', side: 'host' as const, dataPath, pf: 0, vf: 0 };
  const logger = pino({ level: 'silent' });
  const store = new AttachmentStore({ directory: join(mkdtempSync(join(tmpdir(), 'vfio-')), 'a'), logger });
  const engine = new AttachEngine({
    store,
    exec,
    logger,
    devices: new Devices(tree().root),
    directory: {
      find: () => entry,
      dpu: () => entry,
      dpuSide: () => undefined,
      isGone: () => false,
      sides: () => new Set(['host' as const]),
    },
  });
  const add = (config: object, mac?: string) =>
    engine.add({ ...key, netns, network: parseNetworkConfig({ name: 'net', deviceID: vf, ...config }), mac });
  return { engine, store, commands, ports, add };
}

test('nothing moves: the physical function sets MAC and VLAN, and DEL sets what was there', async () => {
  const { engine, store, commands, ports, add } = fixture({ address: adminMac, vlan_list: [{ vlan: 7, qos: 1 }] });
  const asked = '02:00:00:00:00:bb';
  const result = await add({ cniVersion: '1.1.0', vlan: 5 }, asked);
  expect(result.interfaces).toEqual([{ name: 'net1', mac: asked, sandbox: netns, mtu: 1500, pciID: vf }]);
  expect(commands).toEqual([`ip link set dev ens1 vf 0 mac ${asked} vlan 5`]);
  expect([...ports.values()]).toMatchObject([{ name: 'host0-0', macAddress: asked }]);
  await engine.check({ ...key, netns, prevResult: result });
  await engine.del(key);
  expect(commands.slice(1)).toEqual([`ip link set dev ens1 vf 0 mac ${adminMac} vlan 7 qos 1 proto 802.1Q`]);
  expect([store.list(), [...ports]]).toEqual([[], []]);
});

test('the file that the runtime names says which PCI function the pod has, and its failure fails no ADD', async () => {
  const CNIDeviceInfoFile = '/var/run/k8s.cni.cncf.io/devinfo/cni/default-net-pod_net1';
  const info = { type: 'pci', version: '1.1.0', pci: { 'pci-address': vf, 'pf-pci-address': pf } };
  vi.mocked(writeCniDeviceInfo).mockImplementationOnce(() => {
    throw new Error('ENOSPC');
  });
  const { add, store } = fixture({ address: adminMac });
  await add({ runtimeConfig: { CNIDeviceInfoFile } });
  expect(writeCniDeviceInfo).toHaveBeenCalledExactlyOnceWith(CNIDeviceInfoFile, info);
  expect(store.list()).toMatchObject([{ state: 'attached', vfio: true }]);
});

test('the addresses of IPAM are in the result, and on no interface', async () => {
  const { engine, commands } = fixture({ address: adminMac });
  const cniPath = mkdtempSync(join(tmpdir(), 'ipam-'));
  writeFileSync(join(cniPath, 'leases'), '', { mode: 0o755 });
  const ipam = { type: 'leases', env: { CNI_PATH: cniPath }, config: '{}' };
  const network = parseNetworkConfig({ name: 'net', deviceID: vf, ipam: { type: 'leases' } });
  const { ips } = await engine.add({ ...key, netns, network, ipam });
  expect(ips).toEqual([{ address: '10.0.0.5/24', interface: 0 }]);
  expect(commands.toSorted()).toEqual([`ip link set dev ens1 vf 0 mac ${adminMac}`, 'leases']);
});

test('the address that the physical function has set is that of the bridge port', async () => {
  const { commands, ports, add } = fixture({ address: adminMac });
  await add({});
  expect(commands).toEqual([`ip link set dev ens1 vf 0 mac ${adminMac}`]);
  expect([...ports.values()]).toMatchObject([{ macAddress: adminMac }]);
});

test('a VF that has no address gets one, and loses it at DEL', async () => {
  const { engine, commands, ports, add } = fixture({ address: '00:00:00:00:00:00' });
  const { interfaces } = await add({});
  const [port] = [...ports.values()];
  expect(port?.macAddress).toMatch(/^02(:[0-9a-f]{2}){5}$/);
  expect(interfaces[0]?.mac).toBe(port?.macAddress);
  await engine.del(key);
  expect(commands.at(-1)).toBe('ip link set dev ens1 vf 0 mac 00:00:00:00:00:00');
});

test('an ADD that fails gives the physical function its settings back', async () => {
  const { store, commands, ports, add } = fixture({ address: adminMac });
  ports.set = () => {
    throw new DpuError('UNAVAILABLE', 'the DPU is away');
  };
  await expect(add({ vlan: 5 })).rejects.toThrow('the DPU is away');
  expect(commands.at(-1)).toBe(`ip link set dev ens1 vf 0 mac ${adminMac} vlan 0`);
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
