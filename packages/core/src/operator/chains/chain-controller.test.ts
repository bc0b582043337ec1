/** The placing and healing of chains against an API server in memory. */
import 'reflect-metadata';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type ServiceFunctionChain, serviceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { configName, operatorNamespace } from '../../api/names/names.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { lease } from '../../kube/index.ts';
import { type RunningControllers, runControllers } from '../testing/controllers.ts';
import { putMultus } from '../testing/multus.ts';
import { runOf } from '../testing/plugin-runs.ts';
import { ChainController } from './chain-controller.ts';

const group = '/apis/config.openshift.io/v1';
const configPath = `${group}/dpuoperatorconfigs/${configName}`;
const chainPath = (name = 'edge') => `${group}/namespaces/shop/servicefunctionchains/${name}`;
const podPath = (name: string) => `/api/v1/namespaces/shop/pods/${name}`;
const dpuPath = (node: string) => `${group}/dataprocessingunits/dpu-of-${node}`;
const nodePath = (node: string) => `/api/v1/nodes/${node}`;
const leasePath = (node: string) =>
  `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/dpu-daemon-${node}`;

let api: TestApiServer;
let operator: RunningControllers;
/** Of Leases, so that each is another. */
let renewals = 0;

beforeEach(async () => {
  api = new TestApiServer();
  putMultus(api);
  putNetwork();
  allow('shop');
});
afterEach(async () => {
  await operator.end();
  api.close();
});

/** @param renewing whether the daemons that have a Lease renew it in the operator's sight */
async function start({ renewing = true } = {}): Promise<void> {
  operator = await runControllers(api, ({ store, caches, environment, events, logger, leases }) => [
    new ChainController(store, caches, environment, events, logger, leases),
  ]);
  for (const node of renewing ? ['dpu-1', 'dpu-2'] : []) if (api.objects.has(leasePath(node))) putLease(node);
}

function putNetwork(): void {
  api.put('/apis/k8s.cni.cncf.io/v1/namespaces/shop/network-attachment-definitions/dpunfcni-conf', {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'dpunfcni-conf', namespace: 'shop' },
  });
}

function allow(...chainNamespaces: string[]): void {
  const apiVersion = 'config.openshift.io/v1';
  api.put(configPath, {
    apiVersion,
    kind: 'DpuOperatorConfig',
    metadata: { name: configName },
    spec: { chainNamespaces },
  });
}

function putNode(name: string, labels: Record<string, string> = {}): void {
  api.put(nodePath(name), { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { dpu: 'true', ...labels } } });
}

function putLease(name: string, leaseDurationSeconds = 3600): void {
  renewals += 1;
  api.put(leasePath(name), {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: `dpu-daemon-${name}`, namespace: operatorNamespace, labels: { app: 'dpu-daemon' } },
    spec: { renewTime: new Date(Date.UTC(2026, 0) + renewals).toISOString(), leaseDurationSeconds },
  });
}

function putDpu(node: string, more: { metadata?: object; status?: object } = {}): void {
  api.put(dpuPath(node), {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: `dpu-of-${node}`, finalizers: ['a-daemon'], ...more.metadata },
    spec: { isDpuSide: true, nodeName: node },
    ...(more.status && { status: more.status }),
  });
}

function putDpuNode(name: string): void {
  putNode(name);
  for (const _renewal of [1, 2]) putLease(name);
  putDpu(name);
}

/** As its daemon does. */
function report(node: string, phase: string, more: object = {}): void {
  putDpu(node, { status: { chains: [{ name: 'shop/edge', phase, generation: 1, ...more }] } });
}

function putChain(names: string[], { name = 'edge', generation = 1, nodeSelector, network }: ChainOptions = {}): void {
  const known = api.objects.get(chainPath(name));
  api.put(chainPath(name), {
    ...known,
    apiVersion: 'config.openshift.io/v1',
    kind: 'ServiceFunctionChain',
    metadata: { ...known?.metadata, name, namespace: 'shop', generation },
    spec: { networkFunctions: names.map((each) => ({ name: each, image: `${each}:1` })), nodeSelector, network },
  });
}
interface ChainOptions {
  name?: string;
  generation?: number;
  nodeSelector?: Record<string, string>;
  network?: string;
}

function changePod(name: string, status: object, metadata: object = {}): void {
  const pod = api.objects.get(podPath(name));
  if (!pod) throw new Error(`there is no pod ${name}`);
  const spec = { ...(pod.spec as object), nodeName: 'dpu-1' };
  api.put(podPath(name), { ...pod, spec, status, metadata: { ...pod.metadata, ...metadata } });
}
const isReady = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

const chain = (name?: string): ServiceFunctionChain | undefined =>
  api.objects.get(chainPath(name)) && serviceFunctionChain.schema.parse(api.objects.get(chainPath(name)));
const ready = (name?: string) => chain(name)?.status?.conditions?.find(({ type }) => type === 'Ready');
const said = (expected: object, name?: string) => vi.waitFor(() => expect(ready(name)).toMatchObject(expected));
const uid = (name: string) => api.objects.get(podPath(name))?.metadata.uid;
const deletions = () => api.writes.filter((write) => write.startsWith('DELETE'));
const warnings = () =>
  [...api.objects].filter(([path, object]) => path.includes('/events/') && object.type === 'Warning');

test('a chain gets its pods on one node, tells which, and is ready when the daemon has wired them', async () => {
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall', 'nat']);
  await said({ status: 'False', reason: 'Starting' });
  expect(chain()?.status).toMatchObject({
    node: 'dpu-1',
    functions: [
      { name: 'firewall', podUid: uid('firewall') },
      { name: 'nat', podUid: uid('nat') },
    ],
  });
  for (const name of ['firewall', 'nat']) changePod(name, isReady);
  await said({ reason: 'Starting', message: expect.stringContaining('wired') });
  report('dpu-1', 'Ordered');
  await said({ status: 'True', reason: 'Running', message: 'firewall, nat on node dpu-1, in this order' });
  report('dpu-1', 'Refused', { message: 'no room' });
  await said({ reason: 'ChainRefused', message: expect.stringContaining('no room') });
});

test('chains are spread, and stay where they are when another operator takes over', async () => {
  for (const node of ['dpu-1', 'dpu-2']) putDpuNode(node);
  await start();
  for (const name of ['a', 'b', 'c', 'd']) putChain([`nf-${name}`], { name });
  for (const name of ['a', 'b', 'c', 'd']) await said({ reason: 'Starting' }, name);
  const nodes = ['a', 'b', 'c', 'd'].map((name) => chain(name)?.status?.node);
  expect(nodes.toSorted()).toEqual(['dpu-1', 'dpu-1', 'dpu-2', 'dpu-2']);
  const before = ['a', 'b', 'c', 'd'].map((name) => [chain(name)?.status?.node, uid(`nf-${name}`)]);
  await operator.end();
  await start();
  putChain(['nf-e'], { name: 'e' });
  await said({ reason: 'Starting' }, 'e');
  expect(['a', 'b', 'c', 'd'].map((name) => [chain(name)?.status?.node, uid(`nf-${name}`)])).toEqual(before);
});

test('pods that are deleted or evicted are made again and named anew', async () => {
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall']);
  await said({ reason: 'Starting' });
  const first = uid('firewall');
  api.delete(podPath('firewall'));
  await vi.waitFor(() => expect([undefined, first]).not.toContain(uid('firewall')));
  const second = uid('firewall');
  changePod('firewall', { phase: 'Failed', reason: 'Evicted' }, { creationTimestamp: '2026-01-01T00:00:00Z' });
  await vi.waitFor(() => expect([undefined, second]).not.toContain(uid('firewall')));
  await vi.waitFor(() => expect(chain()?.status?.functions).toEqual([{ name: 'firewall', podUid: uid('firewall') }]));
});

test('no pod is made while the DPU is kept free of pods for another plugin', async () => {
  putDpuNode('dpu-1');
  const rollout = { target: runOf('2'), startedAt: '', drain: true, clear: false, wasReady: true };
  putDpu('dpu-1', { status: { plugin: runOf('1'), rollout: { ...rollout, phase: 'Replacing' } } });
  await start();
  putChain(['firewall']);
  await said({ status: 'False', reason: 'DpuChanging', message: expect.stringContaining('dpu-of-dpu-1') });
  expect(uid('firewall')).toBeUndefined();
  putDpu('dpu-1', { status: { plugin: runOf('2') } });
  await said({ reason: 'Starting' });
  expect(uid('firewall')).toBeDefined();
});

const dpuNetworkPath = `${group}/dpunetworks/blue`;
/** As the controller of networks has looked at it. */
function putDpuNetwork(vlan: number): void {
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', observedGeneration: vlan };
  api.put(dpuNetworkPath, {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DpuNetwork',
    metadata: { name: 'blue', generation: vlan },
    spec: { vlan },
    status: { conditions: [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });
}

test('a chain waits for its network, is on its bridge, and stays there when the network goes', async () => {
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall'], { network: 'blue' });
  await said({ status: 'False', reason: 'NetworkMissing', message: expect.stringContaining('DpuNetwork blue') });
  expect([uid('firewall'), chain()?.status?.node]).toEqual([undefined, undefined]);
  putDpuNetwork(7);
  await said({ reason: 'Starting' });
  expect(chain()?.status).toMatchObject({ node: 'dpu-1', network: 'blue', logicalBridge: 'vlan-7' });
  const first = uid('firewall');
  expect(first).toBeDefined();
  changePod('firewall', isReady);
  report('dpu-1', 'Ordered');
  await said({ reason: 'Running' });
  api.delete(dpuNetworkPath);
  await said({ reason: 'NetworkMissing' });
  putDpuNetwork(9);
  await said({ reason: 'Running' });
  expect(chain()?.status).toMatchObject({ network: 'blue', logicalBridge: 'vlan-9' });
  expect([uid('firewall'), deletions()]).toEqual([first, []]);
});

test('a chain that names a network that is not there stays on the bridge that it has, with its pods', async () => {
  putDpuNode('dpu-1');
  putDpuNetwork(7);
  await start();
  putChain(['firewall', 'nat'], { network: 'blue' });
  await said({ reason: 'Starting' });
  putChain(['firewall', 'proxy'], { network: 'red', generation: 2 });
  await said({ reason: 'NetworkMissing', observedGeneration: 2 });
  expect(chain()?.status).toMatchObject({
    node: 'dpu-1',
    network: 'blue',
    logicalBridge: 'vlan-7',
    functions: [{ name: 'firewall' }, { name: 'nat' }],
  });
  expect([uid('proxy'), deletions()]).toEqual([undefined, []]);
  putChain(['firewall', 'proxy'], { generation: 3 });
  await vi.waitFor(() => expect(uid('proxy')).toBeDefined());
  await said({ observedGeneration: 3 });
  expect(chain()?.status).not.toHaveProperty('logicalBridge');
});

test('a function that the chain has no more goes after the daemon has heard of it', async () => {
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall', 'nat']);
  await said({ reason: 'Starting' });
  for (const name of ['firewall', 'nat']) changePod(name, isReady);
  report('dpu-1', 'Ordered');
  await said({ reason: 'Running' });
  putChain(['firewall', 'proxy'], { generation: 2 });
  await vi.waitFor(() => expect(uid('proxy')).toBeDefined());
  expect(uid('nat')).toBeDefined();
  report('dpu-1', 'Incomplete', { generation: 2, missing: ['proxy'] });
  await vi.waitFor(() => expect(uid('nat')).toBeUndefined());
});

test('without a node for it a chain says so at once; one whose node may not run it any more moves', async () => {
  await start();
  putChain(['firewall'], { nodeSelector: { zone: 'a' } });
  await said({ status: 'False', reason: 'NoNode', message: expect.stringContaining('dpu=true') });
  putDpuNode('dpu-1');
  await said({ reason: 'NoNode', message: expect.stringContaining('zone=a') });
  putNode('dpu-1', { zone: 'a' });
  await said({ reason: 'Starting' });
  const first = uid('firewall');
  putDpuNode('dpu-2');
  putNode('dpu-2', { zone: 'a' });
  putNode('dpu-1', { zone: 'b' });
  await vi.waitFor(() => expect(chain()?.status?.node).toBe('dpu-2'));
  await vi.waitFor(() => expect([undefined, first]).not.toContain(uid('firewall')));
  expect(JSON.stringify(api.objects.get(podPath('firewall'))?.spec)).toContain('dpu-2');
});

test('a node that is lost for certain has its chains made on another', async () => {
  for (const node of ['dpu-1', 'dpu-2']) putDpuNode(node);
  await start();
  putChain(['firewall']);
  await said({ reason: 'Starting' });
  expect(chain()?.status?.node).toBe('dpu-1');
  // Its Node object alone is no proof: the DataProcessingUnits go once its daemon is silent too.
  api.delete(nodePath('dpu-1'));
  await said({ status: 'Unknown', reason: 'NodeUnknown' });
  expect(deletions()).toEqual([]);
  putDpu('dpu-1', { metadata: { finalizers: [] } });
  api.delete(dpuPath('dpu-1'));
  await vi.waitFor(() => expect(chain()?.status?.node).toBe('dpu-2'));
  await vi.waitFor(() => expect(JSON.stringify(api.objects.get(podPath('firewall'))?.spec)).toContain('dpu-2'));
});

test('nothing is moved, made or deleted while a node is silent, or registered anew without labels', async () => {
  for (const node of ['dpu-1', 'dpu-2']) putDpuNode(node);
  await start();
  putChain(['firewall', 'nat']);
  await said({ reason: 'Starting' });
  const functions = chain()?.status?.functions;
  api.delete(leasePath('dpu-1'));
  await said({
    status: 'Unknown',
    reason: 'NodeSilent',
    message: expect.stringContaining('kubectl delete node dpu-1'),
  });
  api.delete(podPath('nat'));
  putLease('dpu-1');
  await said({ reason: 'Starting' });
  api.delete(nodePath('dpu-1'));
  api.put(nodePath('dpu-1'), { apiVersion: 'v1', kind: 'Node', metadata: { name: 'dpu-1', labels: {} } });
  await said({ reason: 'NodeUnknown', message: expect.stringContaining('kubectl label node dpu-1 dpu=true') });
  putNode('dpu-1');
  await said({ reason: 'Starting' });
  expect(deletions()).toEqual([]);
  expect(chain()?.status).toMatchObject({ node: 'dpu-1', functions: [functions?.[0], { podUid: uid('nat') }] });
});

test('a node that is registered anew keeps its chains while its labels come one after the other', async () => {
  for (const node of ['dpu-1', 'dpu-2']) {
    putDpuNode(node);
    putNode(node, { zone: 'a' });
  }
  await start();
  putChain(['firewall'], { nodeSelector: { zone: 'a' } });
  await said({ reason: 'Starting' });
  const first = { node: chain()?.status?.node, uid: uid('firewall') };
  expect(first).toMatchObject({ node: 'dpu-1' });
  // By another operator too: what it needs to know stands in the status.
  await operator.end();
  api.delete(nodePath('dpu-1'));
  putNode('dpu-1');
  await start();
  await said({ reason: 'NodeUnknown', message: expect.stringContaining('kubectl label node dpu-1 zone=a') });
  putNode('dpu-1', { zone: 'a' });
  await said({ reason: 'Starting' });
  expect({ node: chain()?.status?.node, uid: uid('firewall') }).toEqual(first);
  expect(deletions()).toEqual([]);
  // Now it is an order.
  putNode('dpu-1');
  await vi.waitFor(() => expect(chain()?.status?.node).toBe('dpu-2'));
});

test('a new chain waits until its node is heard of, and goes to none that died before this operator came', async () => {
  putDpuNode('dpu-1');
  await start({ renewing: false });
  putChain(['firewall']);
  await said({ status: 'False', reason: 'Pending', message: expect.stringMatching(/dpu-1 .* renew/) });
  putLease('dpu-1');
  await said({ reason: 'Starting' });
  await operator.end();
  putDpuNode('dpu-2');
  putLease('dpu-2', 1);
  await start({ renewing: false });
  putChain(['proxy'], { name: 'other' });
  await said({ reason: 'Pending', message: expect.stringMatching(/dpu-[12] .* renew/) }, 'other');
  // The first has lived on, and has its chain.
  putLease('dpu-1');
  await said({ reason: 'Starting' }, 'other');
  expect(chain('other')?.status?.node).toBe('dpu-1');
  expect(chain()?.status?.node).toBe('dpu-1');
});

test('a renewal that is seen by asking, before the watch tells it, is heard of', async () => {
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall']);
  await said({ reason: 'Starting' });
  putLease('dpu-1', 1);
  await said({ reason: 'NodeSilent' });
  const known = await operator.store.get(lease, 'dpu-daemon-dpu-1', operatorNamespace);
  if (!known) throw new Error('there is no Lease');
  const renewed = { ...known, spec: { ...known.spec, renewTime: 'later', leaseDurationSeconds: 3600 } };
  vi.spyOn(operator.store, 'get').mockResolvedValueOnce(renewed);
  expect(await operator.leases.state('dpu-daemon-dpu-1')).toBe('renewed');
  await said({ reason: 'Starting' });
});

test('a DPU side that is being deleted keeps its chains until no host uses it', async () => {
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall']);
  await said({ reason: 'Starting' });
  const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  putDpu('dpu-1', { metadata });
  putDpu('dpu-1', { metadata, status: { hosts: ['host-1/a'] } });
  // Of another object, reconciled after these.
  putChain(['proxy'], { name: 'other' });
  await said({ reason: 'NoNode' }, 'other');
  expect(deletions()).toEqual([]);
  putDpu('dpu-1', { metadata, status: { hosts: [] } });
  await said({ reason: 'NoNode', message: expect.stringContaining('dpu-of-dpu-1 is being deleted') });
  expect(uid('firewall')).toBeUndefined();
});

test('a namespace that is not allowed is told what to add; what runs there stays', async () => {
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall']);
  await said({ reason: 'Starting' });
  allow('other');
  await said({
    reason: 'NamespaceNotAllowed',
    message: expect.stringContaining('{"spec":{"chainNamespaces":["other","shop"]}}'),
  });
  expect([deletions(), chain()?.status?.functions?.length]).toEqual([[], 1]);
  api.delete(podPath('firewall'));
  allow('shop');
  await vi.waitFor(() => expect(uid('firewall')).toBeDefined());
});

test('pods are made when their network is there', async () => {
  const network = '/apis/k8s.cni.cncf.io/v1/namespaces/shop/network-attachment-definitions/dpunfcni-conf';
  api.delete(network);
  putDpuNode('dpu-1');
  await start();
  putChain(['firewall']);
  await said({ reason: 'Pending', message: expect.stringContaining('NetworkAttachmentDefinition shop/dpunfcni-conf') });
  expect(uid('firewall')).toBeUndefined();
  putNetwork();
  await said({ reason: 'Starting' });
});

test('a conflict that is none of names passes, and is no refusal', async () => {
  putDpuNode('dpu-1');
  let conflicts = 2;
  api.conflict = (write) => write.startsWith('POST') && write.endsWith('/pods') && conflicts-- > 0;
  await start();
  putChain(['firewall']);
  await vi.waitFor(() => expect(api.objects.has(podPath('firewall'))).toBe(true));
  expect(warnings()).toEqual([]);
});

test("a pod that has the name and is somebody else's is left alone", async () => {
  putDpuNode('dpu-1');
  api.put(podPath('firewall'), {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'firewall', namespace: 'shop' },
    spec: { containers: [] },
  });
  await start();
  putChain(['firewall']);
  await said({ reason: 'PodConflict' });
  expect(chain()?.status?.functions).toBeUndefined();
  // The event follows the status.
  await vi.waitFor(() => expect(warnings()).toHaveLength(1));
  expect(deletions()).toEqual([]);
});
