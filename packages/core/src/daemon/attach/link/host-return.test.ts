import { mkdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { beforeEach, expect, test, vi } from 'vitest';
import { gone, type Presence, unknown } from '../../presence.ts';
import { SysfsTree } from '../../testing/sysfs-tree.ts';
import { Devices } from '../device/devices.ts';
import type { Attachment } from '../record/attachment.ts';
import { attachmentOf } from '../testing/attachment.ts';
import { ModelledKernel } from '../testing/modelled-kernel.ts';
import { HostReturn } from './host-return.ts';
import { namespaceId } from './namespace.ts';

/** A namespace that is there for as long as the test. */
const pod = '/proc/self/ns/net';
const inPod = { netns: pod, netnsId: (await namespaceId(pod)) ?? '' };
const pciAddress = '0000:01:00.3';
const pfAddress = '0000:01:00.0';
const identity = { ifindex: 7, kind: 'veth', peerIfindex: 8 };
const home = { name: 'vf3', mac: '02:00:00:00:00:03', mtu: 1500, netns: '', up: false };

let kernel: ModelledKernel;
let sys: SysfsTree;
let dpu: Presence<never>;
beforeEach(() => {
  kernel = new ModelledKernel();
  sys = new SysfsTree()
    .add({ address: pfAddress, netdev: 'ens1', driver: 'ice' })
    .add({ address: pciAddress, virtual: { of: pfAddress, index: 1 } });
  dpu = unknown('not looked for');
});

const remove = (...path: string[]) => rmSync(join(sys.root, 'bus/pci/devices', ...path), { recursive: true });

const returnToHost = (record: Attachment, onMoving?: () => void) =>
  new HostReturn({
    devices: new Devices(sys.root),
    index: { presence: () => dpu },
    links: kernel,
    physicalFunctions: kernel,
  }).returnToHost(record, onMoving);

const vf = (more: Partial<Attachment> = {}): Attachment => {
  const { name, mac, mtu } = home;
  const link = { name, mac, mtu, pciAddress, pfAddress, identity: { ifindex: 7, pciAddress, permanentMac: mac } };
  return attachmentOf({ deviceId: pciAddress, link, ...more });
};

test('a pod that renamed its interface and put another in its place keeps that, and the device comes home', async () => {
  const device = kernel.add({ name: 'stolen', identity, netns: pod, mac: '02:00:00:00:00:66', mtu: 9000, up: true });
  const dummy = kernel.add({ name: 'net1', identity: { ifindex: 2, kind: 'dummy' }, netns: pod, mac: home.mac });
  const onMoving = vi.fn();
  expect(await returnToHost(attachmentOf(inPod), onMoving)).toEqual({ complete: true });
  expect(onMoving).toHaveBeenCalledOnce();
  expect(device).toMatchObject(home);
  expect(dummy).toMatchObject({ name: 'net1', netns: pod });
});

test('one that did not leave, or is home already under whatever name, is reset', async () => {
  const device = kernel.add({ name: 'net1', identity, mac: '02:00:00:00:00:66', up: true });
  expect(await returnToHost(attachmentOf(inPod))).toEqual({ complete: true });
  expect(device).toMatchObject(home);
});

test('a stranger of the node with its name is left alone: the device waits under another one', async () => {
  const device = kernel.add({ name: 'net1', identity, netns: pod, mac: '02:00:00:00:00:66', mtu: 9000, up: true });
  const stranger = kernel.add({ name: 'vf3', identity: { ifindex: 20, kind: 'dummy' }, mtu: 1280, up: true });
  const before = { ...stranger };
  const waiting = { complete: false, reason: expect.stringContaining('called vf3; the device is dpu7') };
  for (let time = 0; time < 2; time += 1) {
    expect(await returnToHost(attachmentOf(inPod))).toEqual(waiting);
    expect(stranger).toEqual(before);
    expect(device).toMatchObject({ ...home, name: 'dpu7' });
  }
  stranger.name = 'other';
  expect(await returnToHost(attachmentOf(inPod))).toEqual({ complete: true });
  expect(device).toMatchObject(home);
});

test('the physical function’s settings come first: else a VF that is not trusted keeps the pod’s MAC', async () => {
  const device = kernel.add({
    name: 'net1',
    identity: { ifindex: 7, pciAddress },
    netns: pod,
    mac: '02:00:00:00:00:66',
    up: true,
  });
  kernel.admin = { mac: '02:00:00:00:00:66', trust: 'off' };
  const wanted = { mac: '02:00:00:00:00:66' };
  const before = { mac: '00:00:00:00:00:00' };
  const physicalFunction = { netdev: 'ens1', vf: 3, wanted, before };
  expect(await returnToHost(vf({ ...inPod, physicalFunction }))).toEqual({ complete: true });
  expect(device).toMatchObject(home);
});

test('settings that cannot be restored keep no device in the pod', async () => {
  const device = kernel.add({ name: 'net1', identity: { ifindex: 7, pciAddress }, netns: pod, up: true });
  kernel.apply = () => Promise.reject(new Error('firmware'));
  const physicalFunction = { netdev: 'ens1', vf: 3, wanted: { vlan: 5 }, before: { vlan: 0 } };
  await expect(returnToHost(vf({ ...inPod, physicalFunction }))).rejects.toThrow('firmware');
  expect(device).toMatchObject({ netns: '' });
});

test('a VF that the kernel returns late is awaited, and reset when it is here', async () => {
  const device = kernel.add({ name: 'net1', identity: { ifindex: 7, pciAddress }, netns: undefined, up: true });
  const waiting = { complete: false, reason: expect.stringContaining(`not returned ${pciAddress}`) };
  expect(await returnToHost(vf())).toEqual(waiting);
  expect(await returnToHost(vf(inPod))).toEqual(waiting);
  Object.assign(device, { netns: '', up: false });
  expect(await returnToHost(vf())).toEqual({ complete: true });
  expect(device).toMatchObject(home);
});

test('a VF that is no more, and a software device whose namespace is, are gone for certain', async () => {
  remove(pciAddress);
  const physicalFunction = { netdev: 'ens1', vf: 1, wanted: { vlan: 5 }, before: { vlan: 0 } };
  kernel.apply = () => Promise.reject(new DpuError('INVALID_ARGUMENT', 'ens1 has no VF 1'));
  expect(await returnToHost(vf({ physicalFunction }))).toEqual({ complete: true });
  expect(await returnToHost(attachmentOf())).toEqual({ complete: true });
});

const ofPf = () => join(sys.root, 'bus/pci/devices', pfAddress);
test.each([
  ['the driver of its PF is loaded anew', () => unlinkSync(join(ofPf(), 'driver'))],
  ['its whole card is away', () => rmSync(ofPf(), { recursive: true })],
])('a VF is awaited while %s, and comes home as it was', async (_what, take) => {
  remove(pciAddress);
  take();
  const before = { mac: '00:00:00:00:00:00' };
  const physicalFunction = { netdev: 'ens1', vf: 1, wanted: { mac: '02:00:00:00:00:66' }, before };
  const noNetdev = () => Promise.reject(new DpuError('NOT_FOUND', 'there is no ens1'));
  const apply = kernel.apply;
  kernel.apply = noNetdev;
  const records = [vf({ physicalFunction }), vf({ ...inPod, physicalFunction, vfio: true }), vf(inPod)];
  const awaited = { complete: false, functionIsAway: true, reason: expect.stringContaining(`${pciAddress} is away`) };
  for (const record of records) expect(await returnToHost(record)).toEqual(awaited);
  dpu = gone;
  for (const record of records) expect(await returnToHost(record)).toEqual({ complete: true });
  kernel.apply = apply;
  kernel.admin = { mac: '02:00:00:00:00:66' };
  mkdirSync(join(ofPf(), 'net', 'ens1'), { recursive: true });
  const device = kernel.add({ name: 'eth0', identity: { ifindex: 9, pciAddress }, mac: '02:00:00:00:00:66' });
  expect(await returnToHost(vf({ physicalFunction }))).toEqual({ complete: true });
  expect(device).toMatchObject(home);
});

test('settings are restored through the netdev that the PF has now, and awaited while it has none', async () => {
  const told: string[] = [];
  kernel.apply = async (netdev) => void told.push(netdev);
  kernel.add({ name: 'vf3', identity: { ifindex: 7, pciAddress } });
  const physicalFunction = { netdev: 'ens1', vf: 1, wanted: { vlan: 5 }, before: { vlan: 0 } };
  remove(pfAddress, 'net', 'ens1');
  const waiting = { complete: false, reason: expect.stringContaining(`${pfAddress}, through which VF 1 is set`) };
  expect(await returnToHost(vf({ physicalFunction }))).toEqual(waiting);
  sys.add({ address: pfAddress, netdev: 'uplink' });
  expect(await returnToHost(vf({ physicalFunction }))).toEqual({ complete: true });
  // Another may have the name that it had.
  expect(told).toEqual(['uplink']);
});

test('a record of a daemon that knew devices by name: name and MAC decide', async () => {
  const { name, mac, mtu } = home;
  const former = attachmentOf({ ...inPod, link: { name, mac, mtu } });
  const other = kernel.add({ name: 'net1', identity: { ifindex: 2 }, netns: pod, mac: '02:00:00:00:00:77' });
  expect(await returnToHost(former)).toEqual({ complete: true });
  expect(other).toMatchObject({ name: 'net1', netns: pod });
  other.name = 'eth1';
  const device = kernel.add({ name: 'net1', identity: { ifindex: 7 }, netns: pod, mac, up: true });
  expect(await returnToHost(former)).toEqual({ complete: true });
  expect(device).toMatchObject(home);
});
