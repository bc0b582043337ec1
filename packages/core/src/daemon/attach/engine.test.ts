import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import { exec } from '@dpu-operator/sdk/linux';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Ipam } from '../ipam/index.ts';
import type { LinkListener, LinkWatch } from '../link-watch.ts';
import { there } from '../presence.ts';
import type { DataPath, DeviceEntry, DpuIndex } from './collaborators.ts';
import { DeviceHomes } from './device/device-homes.ts';
import { Devices } from './device/devices.ts';
import { AttachEngine, type AttachEngineOptions } from './engine.ts';
import { CniError, cniCodes } from './errors.ts';
import { parseNetworkConfig } from './network-config.ts';
import { type IpamCall, keyOf } from './record/attachment.ts';
import { AttachmentStore } from './record/store.ts';
import type { AttachRequest } from './requests.ts';
import { attachmentOf } from './testing/attachment.ts';
import { type ModelledDevice, ModelledKernel } from './testing/modelled-kernel.ts';

const logger = pino({ level: 'silent' });
/** A namespace other than this process's own, which is there for as long as the test. */
const netns = '/proc/self/ns/mnt';
const home = { name: 'vf3', mac: '02:00:00:00:00:03', mtu: 1500, netns: '', up: false };
const network = parseNetworkConfig({ name: 'net', deviceID: 'vf3' });
const request: AttachRequest = { containerId: 'pod', ifName: 'net1', netns, network };

let root: string;
let kernel: ModelledKernel;
let device: ModelledDevice;
let store: AttachmentStore;
let homes: DeviceHomes;
let ports: Set<string>;
let dataPath: DataPath;
let dpu: DeviceEntry;
let engine: AttachEngine;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'engine-'));
  const link = join(root, 'sys/class/net/vf3');
  mkdirSync(link, { recursive: true });
  writeFileSync(join(link, 'address'), home.mac);
  writeFileSync(join(link, 'mtu'), '1500');
  kernel = new ModelledKernel();
  device = kernel.add({ ...home, identity: { ifindex: 7, kind: 'veth', peerIfindex: 8 } });
  store = new AttachmentStore({ directory: join(root, 'attachments'), logger });
  homes = new DeviceHomes({ directory: join(root, 'homes'), logger });
  ports = new Set();
  dataPath = {
    createBridgePort: async ({ name }) => void ports.add(name),
    deleteBridgePort: async (name) => void ports.delete(name),
    createNetworkFunction: async () => {},
    deleteNetworkFunction: async () => {},
  };
  dpu = { dpuName: 'a-host', side: 'host', dataPath, pf: 0, vf: 3 };
  listeners.clear();
  engine = makeEngine();
  engine.watch(new AbortController().signal);
});
afterEach(() => {
  engine.close();
  vi.useRealTimers();
});

const index = (more: Partial<DpuIndex> = {}): DpuIndex => ({
  find: () => dpu,
  locate: () => dpu,
  dpu: () => dpu,
  dpuSide: () => undefined,
  presence: () => there(dpu),
  list: () => [dpu],
  ...more,
});

const makeEngine = (more: Partial<AttachEngineOptions> = {}) =>
  new AttachEngine({
    store,
    homes,
    index: index(),
    exec,
    logger,
    devices: new Devices(join(root, 'sys')),
    links: kernel,
    physicalFunctions: kernel,
    linkWatch,
    namespaceDirectory: join(root, 'netns'),
    ...more,
  });

const listeners = new Set<LinkListener>();
const linkWatch: Pick<LinkWatch, 'listen'> = {
  listen: (listener, signal) => {
    listeners.add(listener);
    signal.addEventListener('abort', () => listeners.delete(listener));
  },
};

function linkChanged(name: string): void {
  for (const listener of listeners) listener.changed({ name, index: 1, deleted: false });
}

function expectNothingAttached(): void {
  expect(store.list()).toEqual([]);
  expect(device).toMatchObject(home);
  expect([...ports]).toEqual([]);
}

/** Until the answer is called, nothing can be written. */
function breakDisk(): () => void {
  rmSync(join(root, 'attachments'), { recursive: true });
  writeFileSync(join(root, 'attachments'), '');
  return () => rmSync(join(root, 'attachments'));
}

test('a device goes into the pod and comes home', async () => {
  await engine.add(request);
  expect(device).toMatchObject({ name: 'net1', netns, up: true });
  expect([...ports]).toEqual(['host0-3']);
  await engine.del(request);
  expectNothingAttached();
});

test('a network function on a node of both sides is no host port while its DPU side is not up', async () => {
  const dpuSide = { dpuName: 'a-dpu', side: 'dpu' as const };
  engine = makeEngine({ index: index({ list: () => [dpu, dpuSide] }) });
  const nf = parseNetworkConfig({ name: 'dpunfcni-conf', deviceID: 'vf3' });
  await expect(engine.add({ ...request, network: nf })).rejects.toMatchObject({ code: 11 });
  expectNothingAttached();
});

test('of two that ask for one device at once, one gets it', async () => {
  // Neither has written anything down when both have found it free.
  const identify = kernel.identify.bind(kernel);
  const bothAreHere = Promise.withResolvers<void>();
  let here = 0;
  kernel.identify = async (name) => {
    here += 1;
    if (here === 2) bothAreHere.resolve();
    await bothAreHere.promise;
    return identify(name);
  };
  const asked = ['a', 'b'].map((containerId) => engine.add({ ...request, containerId }));
  const [first, second] = await Promise.allSettled(asked);
  expect([first?.status, second?.status].sort()).toEqual(['fulfilled', 'rejected']);
  expect([first, second]).toContainEqual({ status: 'rejected', reason: expect.objectContaining({ code: 101 }) });
  expect(store.list()).toMatchObject([{ state: 'attached' }]);
  expect(device).toMatchObject({ name: 'net1', netns });
});

test('GC knows what is valid by container and interface, and nothing of other networks', async () => {
  const others = [
    { containerId: 'a', ifName: 'net1' },
    { containerId: 'a', ifName: 'net2' },
    { containerId: 'b', ifName: 'net1' },
    { containerId: 'a', ifName: 'net3', network: 'other' },
  ];
  for (const [vf, other] of others.entries()) store.put(attachmentOf({ ...other, deviceId: `vf${vf}` }));
  await engine.gc('net', [{ containerId: 'a', ifName: 'net1' }]);
  expect(store.list().map(keyOf)).toEqual(['a/net1', 'a/net3']);
});

test('CHECK asks the IPAM plugin too, once the interface is found in order', async () => {
  const check = vi.fn(() => Promise.reject(new CniError(cniCodes.checkFailed, 'no lease')));
  engine = makeEngine({ ipam: { check } as unknown as Ipam });
  await engine.add(request);
  const ipam = { type: 'dhcp', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' };
  await expect(engine.check({ ...request, ipam })).rejects.toThrow('no lease');
  device.up = false;
  await expect(engine.check({ ...request, ipam })).rejects.toThrow('it is down');
  expect(check).toHaveBeenCalledExactlyOnceWith(ipam);
});

test('a DPU that cannot serve pods refuses them with its reason, and STATUS says so', async () => {
  dpu = { ...dpu, outOfService: 'its DPU side does not answer' };
  const reason = { message: 'DPU a-host: its DPU side does not answer' };
  await expect(engine.add(request)).rejects.toMatchObject({ code: 11, ...reason });
  await expect(engine.status()).rejects.toThrow(expect.objectContaining({ code: 50, ...reason }));
  const other = { dpuName: 'b-host', side: 'host' as const };
  await makeEngine({ index: index({ list: () => [dpu, other] }) }).status();
});

test.each(['while it is moved', 'before it begins'])(
  'an ADD whose caller leaves %s is undone before the next',
  async (when) => {
    const caller = new AbortController();
    const moveIntoPod = kernel.moveIntoPod.bind(kernel);
    kernel.moveIntoPod = async (entry) => {
      await moveIntoPod(entry);
      caller.abort();
    };
    if (when === 'before it begins') caller.abort();
    const first = engine.add(request, caller.signal);
    const second = engine.add({ ...request, ifName: 'net1' });
    await expect(first).rejects.toMatchObject({ code: 11 });
    await second;
    expect(store.list()).toMatchObject([{ state: 'attached' }]);
    expect(device).toMatchObject({ name: 'net1', netns });
  },
);

test('an ADD waits for the pod whose device the kubelet has given away', async () => {
  const [web, next] = ['web', 'next'].map((name) => ({ namespace: 'shop', name }));
  await engine.add({ ...request, pod: web });
  engine = makeEngine({ allocations: { podOf: async () => there({ namespace: 'shop', name: 'next' }) } });
  const added = engine.add({ ...request, containerId: 'next', pod: next });
  await engine.del(request);
  await added;
  expect(store.list()).toMatchObject([{ containerId: 'next', state: 'attached' }]);
  const thief = engine.add({ ...request, containerId: 'thief', pod: { namespace: 'shop', name: 'thief' } });
  await expect(thief).rejects.toMatchObject({ code: 101, message: expect.stringContaining('shop/next') });
});

test('an attachment that was taken over gives its addresses back by the configuration of its DEL', async () => {
  const asked: string[] = [];
  engine.close();
  engine = makeEngine({ ipam: { del: async ({ type }: IpamCall) => void asked.push(type) } as unknown as Ipam });
  await engine.add(request);
  const ipam = { type: 'host-local', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' };
  await engine.del({ ...request, networkName: 'net', deviceId: 'vf3', ipam });
  expect(asked).toEqual(['host-local']);
  expectNothingAttached();
});

test('without a record, a device that is in the pod comes home all the same, with its port', async () => {
  await engine.add(request);
  Object.assign(device, { name: 'hidden', mac: '02:00:00:00:00:99' });
  const dummy = kernel.add({ name: 'net1', identity: { ifindex: 9, kind: 'dummy' }, netns });
  rmSync(join(root, 'attachments'), { recursive: true });
  store = new AttachmentStore({ directory: join(root, 'attachments'), logger });
  engine = makeEngine();
  await engine.del({ ...request, networkName: 'net', deviceId: 'vf3' });
  expectNothingAttached();
  expect(dummy).toMatchObject({ name: 'net1', netns });
});

test('without a record, a pod whose DPU takes no new ones can go, and none can come', async () => {
  await engine.add(request);
  rmSync(join(root, 'attachments'), { recursive: true });
  store = new AttachmentStore({ directory: join(root, 'attachments'), logger });
  engine = makeEngine({ index: index({ find: () => undefined }) });
  await expect(engine.add({ ...request, containerId: 'next' })).rejects.toMatchObject({ code: 100 });
  await engine.del({ ...request, networkName: 'net', deviceId: 'vf3' });
  expectNothingAttached();
});

test('a configuration that names a device of another interface takes nothing away', async () => {
  await engine.add(request);
  await engine.del({ ...request, containerId: 'other', networkName: 'net', deviceId: 'vf3' });
  expect(device).toMatchObject({ name: 'net1', netns });
  expect([...ports]).toEqual(['host0-3']);
});

test('a device that is not as it was yet lets its pod go, and waits for that', async () => {
  await engine.add(request);
  const stranger = kernel.add({ name: 'vf3', identity: { ifindex: 20, kind: 'dummy' } });
  await engine.del(request);
  expect([...ports]).toEqual([]);
  expect(device).toMatchObject({ ...home, name: 'dpu7' });
  await expect(engine.add({ ...request, containerId: 'next' })).rejects.toMatchObject({ code: 101 });
  stranger.name = 'other';
  linkChanged('vf3');
  await vi.waitFor(() => expectNothingAttached());
});

test('what is attached anew while its remains wait to be released stays', async () => {
  await engine.add(request);
  const stranger = kernel.add({ name: 'vf3', identity: { ifindex: 20, kind: 'dummy' } });
  await engine.del(request);
  stranger.name = 'other';
  const added = engine.add(request);
  // Behind the ADD, and meant for what was there before it.
  linkChanged('vf3');
  const collected = engine.gc('net', []);
  await Promise.all([added, collected]);
  await engine.retry();
  expect(store.list()).toMatchObject([{ state: 'attached' }]);
  expect(device).toMatchObject({ name: 'net1', netns });
});

test('an interface that is attached is not attached again', async () => {
  await engine.add(request);
  await expect(engine.add(request)).rejects.toMatchObject({
    code: 4,
    message: expect.stringContaining('DEL it first'),
  });
  expect(device).toMatchObject({ name: 'net1', netns });
  expect(store.list()).toMatchObject([{ state: 'attached' }]);
});

test('of what is not attached the IPAM plugin is told: what it refuses holds no pod, that it is out of reach does', async () => {
  const ipam = { type: 'of-somebody', env: { CNI_PATH: '/opt/cni/bin' }, config: '{}' };
  const answers = [
    new CniError(cniCodes.invalidConfig, 'no ranges'),
    new CniError(cniCodes.tryAgainLater, 'no database'),
  ];
  const del = vi.fn((_call: IpamCall) => Promise.reject(answers.shift()));
  engine = makeEngine({ ipam: { del } as unknown as Ipam });
  await engine.del({ ...request, ipam });
  await expect(engine.del({ ...request, ipam })).rejects.toThrow('no database');
  expect(del.mock.calls).toEqual([[ipam], [ipam]]);
});

test('an engine that is closed leaves what is still to be released to the next one', async () => {
  await engine.add(request);
  const stranger = kernel.add({ name: 'vf3', identity: { ifindex: 20, kind: 'dummy' } });
  await engine.del(request);
  engine.close();
  expect(listeners.size).toBe(0);
  stranger.name = 'other';
  await engine.retry();
  expect(store.list()).toHaveLength(1);
  engine = makeEngine();
  await engine.retry();
  expectNothingAttached();
});

test('a release that an engine began before it was closed and one of the next engine do not run together', async () => {
  await engine.add(request);
  const released = Promise.withResolvers<void>();
  const deleted = vi.fn(() => released.promise);
  dataPath.deleteBridgePort = deleted;
  const first = engine.del(request);
  await vi.waitFor(() => expect(deleted).toHaveBeenCalled());
  engine.close();
  engine = makeEngine();
  const second = engine.del(request);
  released.resolve();
  await Promise.all([first, second]);
  expect(deleted).toHaveBeenCalledTimes(1);
  expect(store.list()).toEqual([]);
});

test('what an earlier daemon was attaching is in nobody’s way', async () => {
  await engine.add(request);
  const [record] = store.list();
  if (record) store.put({ ...record, state: 'attaching' });
  engine = makeEngine();
  await engine.add({ ...request, containerId: 'next' });
  expect(store.list()).toMatchObject([{ containerId: 'next', state: 'attached' }]);
  await engine.recover();
  expect(store.list()).toMatchObject([{ containerId: 'next', state: 'attached' }]);
});

test('what a failed ADD could not undo is undone without a restart', async () => {
  vi.useFakeTimers();
  dataPath.createBridgePort = () => Promise.reject(new DpuError('UNAVAILABLE', 'no peer'));
  dataPath.deleteBridgePort = dataPath.createBridgePort as () => Promise<void>;
  await expect(engine.add(request)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(store.list()).toHaveLength(1);
  dataPath.deleteBridgePort = async () => {};
  await vi.advanceTimersByTimeAsync(500);
  // The kernel's and the disk's answers come in their own time.
  vi.useRealTimers();
  await vi.waitFor(() => expectNothingAttached());
});

test('a disk that is full refuses an ADD before anything is done', async () => {
  const move = vi.spyOn(kernel, 'moveIntoPod');
  breakDisk();
  await expect(engine.add(request)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expect(move).not.toHaveBeenCalled();
  expectNothingAttached();
});

test('a disk that gets full undoes an ADD and a DEL all the same', async () => {
  const moveIntoPod = kernel.moveIntoPod.bind(kernel);
  let mend = () => {};
  kernel.moveIntoPod = async (entry) => {
    mend = breakDisk();
    await moveIntoPod(entry);
  };
  await expect(engine.add(request)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
  expectNothingAttached();
  mend();
  kernel.moveIntoPod = moveIntoPod;
  await engine.add(request);
  breakDisk();
  await engine.del(request);
  expectNothingAttached();
});
