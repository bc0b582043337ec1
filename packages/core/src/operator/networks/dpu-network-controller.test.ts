/** DpuNetworks against an API server in memory. */
import 'reflect-metadata';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { configName, finalizers, networkBridgeId } from '../../api/names/names.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { type RunningControllers, runControllers } from '../testing/controllers.ts';
import { putMultus } from '../testing/multus.ts';
import { DpuNetworkController } from './dpu-network-controller.ts';

const apiVersion = 'config.openshift.io/v1';
const networkPath = (name: string) => `/apis/${apiVersion}/dpunetworks/${name}`;
const nadPath = (name: string) => `/apis/k8s.cni.cncf.io/v1/namespaces/default/network-attachment-definitions/${name}`;
const dpuPath = `/apis/${apiVersion}/dataprocessingunits/a-host`;
const configPath = `/apis/${apiVersion}/dpuoperatorconfigs/${configName}`;

let api: TestApiServer;
let operator: RunningControllers;

beforeEach(async () => {
  api = new TestApiServer();
  putMultus(api);
  api.put(configPath, { apiVersion, kind: 'DpuOperatorConfig', metadata: { name: configName }, spec: {} });
  api.put('/api/v1/nodes/node-a', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } });
  putDpu();
  operator = await runControllers(api, ({ store, caches, events, logger }) => [
    new DpuNetworkController(store, caches, events, logger),
  ]);
});
afterEach(async () => {
  await operator.end();
  api.close();
});

function putDpu(networks?: object[]): void {
  const known = api.objects.get(dpuPath);
  api.put(dpuPath, {
    ...known,
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { ...known?.metadata, name: 'a-host' },
    spec: { isDpuSide: false, nodeName: 'node-a', ...(known?.spec as object) },
    ...(networks && { status: { networks } }),
  });
}

function putNetwork(name: string, spec: object = {}, metadata: object = {}): void {
  const dpuSelector = { matchExpressions: [{ key: 'vfId', operator: 'In', values: ['0-1'] }] };
  api.put(networkPath(name), {
    apiVersion,
    kind: 'DpuNetwork',
    metadata: { name, generation: 1, ...metadata },
    spec: { dpuSelector, ...spec },
  });
}

/** As a daemon does that has taken the wishes. */
function answer(more: object): void {
  putDpu((wishes() ?? []).map((wish) => ({ ...wish, ...more })));
}

const wishes = () => (api.objects.get(dpuPath)?.spec as { networks?: object[] } | undefined)?.networks;
const configOf = (nad: string) => (api.objects.get(nadPath(nad))?.spec as { config: string } | undefined)?.config ?? '';
const status = (name: string) =>
  (api.objects.get(networkPath(name))?.status ?? {}) as {
    conditions?: { type: string; reason: string; message: string }[];
  };
const reason = (name: string) => status(name).conditions?.[0]?.reason;
const said = (name: string, expected: string) => vi.waitFor(() => expect(reason(name)).toBe(expected), 20_000);

test('a network has its NAD, its place in the spec of DPUs, and is ready when the daemons have devices in it', async () => {
  putNetwork('blue', { vlan: 7, mtu: 1400, ipam: { subnet: '10.0.0.0/24', type: 'host-local' } });
  await said('blue', 'Pending');
  expect(wishes()).toEqual([{ name: 'blue', vfs: '0-1', logicalBridge: 'vlan-7' }]);
  expect(api.objects.get(networkPath('blue'))?.metadata.finalizers).toEqual([finalizers.network]);
  const nad = api.objects.get(nadPath('blue-nad'));
  expect(nad?.metadata).toMatchObject({
    annotations: { 'k8s.v1.cni.cncf.io/resourceName': 'openshift.io/dpunetwork-blue' },
    ownerReferences: [{ kind: 'DpuNetwork', name: 'blue' }],
  });
  expect(configOf('blue-nad')).toBe(
    '{"cniVersion":"1.0.0","name":"blue-nad","type":"dpu-cni","ipam":{"type":"host-local","subnet":"10.0.0.0/24"},"BridgeID":"16477688","mtu":1400}',
  );
  answer({ devices: 2 });
  await said('blue', 'Ready');
  expect(status('blue')).toMatchObject({
    resourceName: 'openshift.io/dpunetwork-blue',
    selectedVFs: [0, 1],
    dpus: 1,
    devices: 2,
  });
  expect(status('blue')).not.toHaveProperty('vlanId');
});

test('what daemons say is told: functions that are not there, pods that devices wait for', async () => {
  putNetwork('blue');
  await said('blue', 'Pending');
  expect(status('blue')).toMatchObject({ vlanId: expect.any(Number) });
  answer({ devices: 1, missing: '1' });
  await said('blue', 'VfsMissing');
  answer({ devices: 1, waiting: ['shop/a'] });
  await said('blue', 'WaitingForPods');
  expect(status('blue').conditions?.[0]?.message).toContain('shop/a');
});

test('after a change it is ready again when the daemon has answered that one, and not by its former answer', async () => {
  putNetwork('blue', { vlan: 7 });
  await said('blue', 'Pending');
  answer({ devices: 2 });
  await said('blue', 'Ready');
  putNetwork('blue', { vlan: 8 });
  await said('blue', 'Pending');
  answer({ devices: 2 });
  await said('blue', 'Ready');
});

test('an accelerated network is ready when the daemon has answered that it is', async () => {
  putNetwork('fast');
  await said('fast', 'Pending');
  answer({ devices: 2 });
  await said('fast', 'Ready');
  putNetwork('fast', { isAccelerated: true });
  await said('fast', 'Pending');
  answer({ devices: 2 });
  await said('fast', 'Ready');
});

test('an accelerated network says where functions of one network are refused', async () => {
  const accelerated = () => status('fast').conditions?.find(({ type }) => type === 'Accelerated');
  const putDpuSide = (...features: string[]) => {
    const path = `/apis/${apiVersion}/dataprocessingunits/a-dpu`;
    const known = api.objects.get(path);
    api.put(path, {
      ...known,
      apiVersion,
      kind: 'DataProcessingUnit',
      metadata: { ...known?.metadata, name: 'a-dpu' },
      spec: { ...(known?.spec as object), isDpuSide: true, nodeName: 'node-a' },
      status: { vsp: { initialisedAt: 'now', features } },
    });
  };
  putDpuSide('dpu.devices/1', 'dpu.networkFunctions/1');
  putNetwork('fast', { isAccelerated: true });
  await vi.waitFor(() => expect(accelerated()).toMatchObject({ status: 'False', reason: 'FunctionsRefused' }), 20_000);
  expect(accelerated()?.message).toContain('a-dpu');
  putDpuSide('dpu.networkFunctions/1 maxNetworkFunctions=4 perBridge=true');
  await vi.waitFor(() => expect(accelerated()).toMatchObject({ status: 'True', reason: 'FunctionsTaken' }), 20_000);
  putNetwork('fast', { isAccelerated: true, vlan: 0 });
  await vi.waitFor(() => expect(accelerated()).toBeUndefined(), 20_000);
});

test('daemons that report one after the other are counted in few writes', async () => {
  const daemons = Array.from({ length: 40 }, (_, index) => `/apis/${apiVersion}/dataprocessingunits/fleet-${index}`);
  for (const path of daemons) {
    const name = path.replace(/.*\//, '');
    const spec = { isDpuSide: false, nodeName: 'node-a' };
    api.put(path, { apiVersion, kind: 'DataProcessingUnit', metadata: { name }, spec });
  }
  putNetwork('blue');
  await said('blue', 'Pending');
  const wishesOf = (path: string) =>
    (api.objects.get(path)?.spec as { networks?: object[] } | undefined)?.networks ?? [];
  await vi.waitFor(() => expect(daemons.every((path) => wishesOf(path).length > 0)).toBe(true), 20_000);
  answer({ devices: 2 });
  const statusWrites = () => api.writes.filter((write) => write === `PATCH ${networkPath('blue')}/status`).length;
  const before = statusWrites();
  for (const path of daemons) {
    const dpu = api.objects.get(path);
    const networks = wishesOf(path).map((wish) => ({ ...wish, devices: 2 }));
    if (dpu) api.put(path, { ...dpu, status: { networks } });
    await new Promise((resolve) => setImmediate(resolve));
  }
  await said('blue', 'Ready');
  await vi.waitFor(() => expect(status('blue')).toMatchObject({ dpus: 41, devices: 82 }), 20_000);
  expect(statusWrites()).toBeGreaterThan(before);
  expect(statusWrites() - before).toBeLessThanOrEqual(8);
});

test('where a DPU serves no logical bridges it is said that pods work and are not kept apart, or that they are refused', async () => {
  const isolated = () => status('blue').conditions?.find(({ type }) => type === 'Isolated');
  putNetwork('blue');
  await said('blue', 'Pending');
  answer({ devices: 2, lacksBridge: true });
  await said('blue', 'Ready');
  expect(isolated()).toMatchObject({
    status: 'False',
    reason: 'SharedBridge',
    message: expect.stringMatching(/a-host.*default bridge/),
  });
  answer({ devices: 2 });
  await vi.waitFor(() => expect(isolated()).toMatchObject({ status: 'True', reason: 'OwnVlan' }), 20_000);
  putNetwork('blue', { vlan: 0 });
  await said('blue', 'Pending');
  answer({ devices: 2 });
  await vi.waitFor(() => expect(isolated()).toMatchObject({ status: 'False', reason: 'DefaultBridge' }), 20_000);
  putNetwork('blue', { vlan: 7 });
  await said('blue', 'Pending');
  answer({ devices: 2, lacksBridge: true });
  await said('blue', 'NotIsolated');
  expect(status('blue').conditions?.[0]?.message).toMatch(/a-host.*VLAN 7.*refused/);
  expect(isolated()).toMatchObject({ status: 'False', reason: 'PodsRefused' });
});

test('pods that a change waits for are evicted where that is asked for, again and again until budgets allow it', async () => {
  const pod = '/api/v1/namespaces/shop/pods/a';
  api.refuseEviction = () => 'the budget allows none';
  api.put(pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a', namespace: 'shop', uid: '1' },
    spec: { nodeName: 'node-a', containers: [] },
  });
  putNetwork('blue', { podsOnChange: 'Evict' });
  await said('blue', 'Pending');
  answer({ devices: 1, waiting: ['shop/a'] });
  await vi.waitFor(() => expect(status('blue').conditions?.[0]?.message).toContain('the budget allows none'), 20_000);
  api.refuseEviction = () => undefined;
  answer({ devices: 0, waiting: ['the kubelet says nothing of /dev/x', 'shop/a'] });
  await vi.waitFor(() => expect(api.objects.has(pod)).toBe(false), 20_000);
});

test('one that is deleted stays while a DPU has devices of it', async () => {
  putNetwork('blue');
  await said('blue', 'Pending');
  answer({ devices: 1, waiting: ['shop/a'] });
  api.delete(networkPath('blue'));
  await said('blue', 'Deleting');
  expect(wishes()).toBeUndefined();
  putDpu([{ name: 'blue', devices: 0, waiting: ['shop/a'] }]);
  await vi.waitFor(() => expect(status('blue').conditions?.[0]?.message).toContain('shop/a'), 20_000);
  putDpu([]);
  await vi.waitFor(() => expect(api.objects.has(networkPath('blue'))).toBe(false), 20_000);
});

test('a DPU that says more while its pods are evicted has the network all the same', async () => {
  const names = ['a', 'b', 'c', 'd'];
  const pods = names.map((name) => `/api/v1/namespaces/shop/pods/${name}`);
  for (const [index, name] of names.entries()) {
    api.put(pods[index] ?? '', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'shop', uid: name },
      spec: { nodeName: 'node-a', containers: [] },
    });
  }
  putNetwork('blue', { podsOnChange: 'Evict' });
  await said('blue', 'Pending');
  let devices = 1;
  api.refuseEviction = () => {
    devices += 1;
    answer({ devices, waiting: names.map((name) => `shop/${name}`) });
    return devices > 10 ? undefined : 'the budget allows none';
  };
  answer({ devices, waiting: names.map((name) => `shop/${name}`) });
  await said('blue', 'WaitingForPods');
  await vi.waitFor(() => expect(pods.filter((path) => api.objects.has(path))).toEqual([]), 20_000);
  const events = [...api.objects].filter(([path]) => path.includes('/events/')).map(([, event]) => event.reason);
  expect(events).toContain('WaitingForPods');
  expect(events).not.toContain('NothingSelected');
});

test('a number that waits for its write is written also where another network could not be told of meanwhile', async () => {
  putNetwork('blue');
  putNetwork('red', { dpuSelector: { matchExpressions: [{ key: 'vfId', operator: 'In', values: ['2-3'] }] } });
  await vi.waitFor(() => expect(wishes()).toHaveLength(2), 20_000);
  answer({ devices: 1 });
  await said('blue', 'Ready');
  await said('red', 'Ready');
  let refused = 0;
  api.forbid = (write) => {
    if (write !== `PATCH ${networkPath('red')}/status` || refused === 2) return undefined;
    refused += 1;
    return 'not now';
  };
  putDpu((wishes() ?? []).map((wish, index) => ({ ...wish, devices: 2, ...(index === 1 && { missing: '3' }) })));
  await said('red', 'VfsMissing');
  expect(refused).toBe(2);
  await vi.waitFor(() => expect(status('blue')).toMatchObject({ devices: 2 }), 5_000);
});

test('a network of the Go operator is taken over, with its finalizer', async () => {
  putNetwork('blue', {}, { finalizers: ['config.openshift.io/dpunetwork-cleanup'] });
  api.put(nadPath('blue-nad'), {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: {
      name: 'blue-nad',
      namespace: 'default',
      annotations: { 'dpu.config.openshift.io/dpu-network': 'blue' },
    },
    spec: { config: '{"type":"dpu-cni","cniVersion":"0.4.0","name":"dpu-cni","BridgeID":"16477688"}' },
  });
  await said('blue', 'Pending');
  expect(JSON.parse(configOf('blue-nad'))).toMatchObject({ name: 'blue-nad', BridgeID: '16477688' });
  answer({ devices: 2 });
  await said('blue', 'Ready');
  api.delete(networkPath('blue'));
  putDpu([]);
  await vi.waitFor(() => expect(api.objects.has(networkPath('blue'))).toBe(false), 20_000);
});

test('a NAD of that name that somebody else made is left alone, and that is said', async () => {
  const own = { config: '{"type":"macvlan"}' };
  api.put(nadPath('blue-nad'), {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'blue-nad', namespace: 'default' },
    spec: own,
  });
  putNetwork('blue');
  await said('blue', 'NadTaken');
  expect(status('blue').conditions?.[0]?.message).toContain('default/blue-nad');
  expect(api.objects.get(nadPath('blue-nad'))?.spec).toEqual(own);
});

test('a NAD that a policy refuses keeps no other network from its own', async () => {
  api.forbid = (write) => (write.endsWith(nadPath('blue-nad')) ? 'no other type stands in it' : undefined);
  putNetwork('blue', { vlan: 7 });
  putNetwork('red', { vlan: 8, dpuSelector: { matchExpressions: [{ key: 'vfId', operator: 'In', values: ['3'] }] } });
  await said('blue', 'NadRefused');
  expect(status('blue').conditions?.[0]?.message).toContain('no other type stands in it');
  await said('red', 'Pending');
  expect(api.objects.has(nadPath('red-nad'))).toBe(true);
  expect(wishes()).toHaveLength(2);
});

test('a DPU whose spec nobody may write keeps no other from its networks, and the network says the reason', async () => {
  const others = Array.from({ length: 20 }, (_, index) => `/apis/${apiVersion}/dataprocessingunits/b-${index}`);
  let allowed = false;
  api.forbid = (write) => (!allowed && write === `PATCH ${dpuPath}` ? 'policy: hands off' : undefined);
  for (const path of others) {
    const spec = { isDpuSide: false, nodeName: 'node-a' };
    api.put(path, { apiVersion, kind: 'DataProcessingUnit', metadata: { name: path.replace(/.*\//, '') }, spec });
  }
  putNetwork('blue');
  await said('blue', 'DpuRefused');
  expect(status('blue').conditions?.[0]?.message).toContain('a-host (policy: hands off)');
  const wishesOf = (path: string) => (api.objects.get(path)?.spec as { networks?: object[] } | undefined)?.networks;
  expect(others.filter((path) => wishesOf(path) === undefined)).toEqual([]);
  allowed = true;
  await vi.waitFor(() => expect(wishes()).toHaveLength(1), 20_000);
  await said('blue', 'Pending');
});

const vfs = (...values: string[]) => ({ matchExpressions: [{ key: 'vfId', operator: 'In', values }] });

test('a network whose finalizer is refused keeps no other from its own, and no DPU is told of it until it has one', async () => {
  let allowed = false;
  api.forbid = (write) => (!allowed && write === `PATCH ${networkPath('blue')}` ? 'policy: hands off' : undefined);
  putNetwork('blue');
  putNetwork('green', { dpuSelector: vfs('4') });
  await said('blue', 'FinalizerRefused');
  expect(status('blue').conditions?.[0]?.message).toContain('policy: hands off');
  await said('green', 'Pending');
  expect(wishes()).toMatchObject([{ name: 'green', vfs: '4' }]);
  allowed = true;
  await vi.waitFor(() => expect(wishes()).toMatchObject([{ name: 'blue', vfs: '0-1' }, { name: 'green' }]), 20_000);
  await said('blue', 'Pending');
});

test('a VLAN in the status that is none, of somebody else, is not taken for the one that was chosen', async () => {
  api.put(networkPath('blue'), {
    apiVersion,
    kind: 'DpuNetwork',
    metadata: { name: 'blue', generation: 1 },
    spec: { dpuSelector: vfs('0-1') },
    status: { vlanId: 5_000 },
  });
  await said('blue', 'Pending');
  const { vlanId } = status('blue') as { vlanId?: number };
  expect(vlanId).toBeLessThanOrEqual(4_000);
  expect(wishes()).toMatchObject([{ logicalBridge: `dpunet-${networkBridgeId('blue')}-${vlanId}` }]);
});

test('a network whose status nobody may write keeps no other from its own', async () => {
  api.forbid = (write) => (write === `PATCH ${networkPath('blue')}/status` ? 'policy: hands off' : undefined);
  putNetwork('blue');
  await vi.waitFor(() => expect(wishes()).toHaveLength(1), 20_000);
  putNetwork('green', { dpuSelector: vfs('4') });
  await said('green', 'Pending');
});

test('without a DpuOperatorConfig nothing is served, and nothing held up', async () => {
  putNetwork('blue');
  await said('blue', 'Pending');
  answer({ devices: 2 });
  await said('blue', 'Ready');
  api.delete(configPath);
  await vi.waitFor(() => expect(wishes()).toBeUndefined(), 20_000);
  await said('blue', 'NotServed');
  // Its daemon has gone, and says no more that it has let go of the devices.
  api.delete(networkPath('blue'));
  await vi.waitFor(() => expect(api.objects.has(networkPath('blue'))).toBe(false), 20_000);
});

test('accelerated networks have one more network for their functions, and the last one takes it along', async () => {
  putNetwork('fast', { isAccelerated: true });
  await vi.waitFor(() => expect(api.objects.has(nadPath('dpu-accel-nad'))).toBe(true), 20_000);
  putNetwork('fast');
  await vi.waitFor(() => expect(api.objects.has(nadPath('dpu-accel-nad'))).toBe(false), 20_000);
});

test('what somebody changes in a NAD is put back', async () => {
  putNetwork('blue');
  await said('blue', 'Pending');
  const nad = api.objects.get(nadPath('blue-nad'));
  const config = configOf('blue-nad');
  if (nad) api.put(nadPath('blue-nad'), { ...nad, spec: { config: '{}' } });
  await vi.waitFor(() => expect(api.objects.get(nadPath('blue-nad'))?.spec).toEqual({ config }), 20_000);
});
