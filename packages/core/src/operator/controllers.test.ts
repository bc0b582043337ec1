/** The operator's controllers against an API server in memory. */
import 'reflect-metadata';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { annotations, configName, finalizers, operatorNamespace } from '../api/names/names.ts';
import { TestApiServer } from '../daemon/testing/api-server.ts';
import { DpuOperatorConfigController } from './config/dpu-operator-config-controller.ts';
import { Uninstaller } from './config/uninstaller.ts';
import { DataProcessingUnitController } from './dpu/data-processing-unit-controller.ts';
import { DataProcessingUnitConfigController } from './dpu/selection/data-processing-unit-config-controller.ts';
import { type RunningControllers, runControllers } from './testing/controllers.ts';

const apiVersion = 'config.openshift.io/v1';
const namespaced = `/api/v1/namespaces/${operatorNamespace}`;
const nodePath = '/api/v1/nodes/node-a';
const dpuName = 'software-dpu-node-a-host';
const dpuPath = `/apis/${apiVersion}/dataprocessingunits/${dpuName}`;
const podPath = `${namespaced}/pods/vsp-${dpuName}`;
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/dpu-daemon-node-a`;
const configPath = `/apis/${apiVersion}/dpuoperatorconfigs/${configName}`;
const daemonSetPath = `/apis/apps/v1/namespaces/${operatorNamespace}/daemonsets/dpu-daemon`;

let server: TestApiServer;
let operator: RunningControllers;

beforeEach(async () => {
  server = new TestApiServer();
  server.put(nodePath, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a', labels: { dpu: 'true' } } });
  await start();
});
afterEach(async () => {
  await operator.end();
  server.close();
});

async function start(): Promise<void> {
  operator = await runControllers(server, ({ store, caches, environment, events, logger, leases, turns }) => [
    new DpuOperatorConfigController(
      store,
      caches,
      environment,
      events,
      logger,
      new Uninstaller(store, caches, environment),
      turns,
    ),
    new DataProcessingUnitController(store, caches, environment, events, logger, leases, turns),
    new DataProcessingUnitConfigController(store, caches, environment, events, logger),
  ]);
}

function putDpu(more: object = {}): void {
  server.put(dpuPath, {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { name: dpuName, finalizers: [finalizers.daemon], ...more },
    // As an older operator made it: the product is all that tells the plugin.
    spec: { dpuProductName: 'Software DPU', isDpuSide: false, nodeName: 'node-a' },
  });
}

function putConfig(): void {
  server.put(configPath, {
    apiVersion,
    kind: 'DpuOperatorConfig',
    metadata: { name: configName },
    spec: { logLevel: 0 },
  });
}

async function podUid(): Promise<unknown> {
  return await vi.waitFor(() => {
    const pod = server.objects.get(podPath);
    expect(pod).toBeDefined();
    return pod?.metadata.uid;
  });
}

function changePod(change: object, metadata: object = {}): void {
  const pod = server.objects.get(podPath);
  if (!pod) throw new Error('there is no pod');
  server.put(podPath, { ...pod, ...change, metadata: { ...pod.metadata, ...metadata } });
}

test('a VSP pod that is deleted or has ended is made again', async () => {
  putDpu();
  const first = await podUid();
  server.delete(podPath);
  await vi.waitFor(async () => expect(await podUid()).not.toBe(first));
  const second = await podUid();
  changePod({ status: { phase: 'Failed', reason: 'Evicted' } }, { creationTimestamp: '2026-01-01T00:00:00Z' });
  await vi.waitFor(async () => expect(await podUid()).not.toBe(second));
});

test('a VSP pod that the API server refuses is a condition, in its words, until it is made', async () => {
  server.forbid = (write) => (/^POST .*\/pods$/.test(write) ? 'exceeded quota: compute' : undefined);
  putDpu();
  const says = (text: string) =>
    vi.waitFor(() => expect(JSON.stringify(server.objects.get(dpuPath)?.status)).toContain(text));
  await says('"PodRefused"');
  await says('cannot be made: exceeded quota: compute');
  server.forbid = () => undefined;
  const object = server.objects.get(dpuPath);
  // A retry by itself comes later each time.
  server.put(dpuPath, { ...object, metadata: { ...object?.metadata, labels: { again: 'yes' } } });
  await podUid();
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(dpuPath)?.status)).not.toContain('PodRefused'));
});

test('a VSP pod that ends at once is not replaced at once', async () => {
  putDpu();
  const uid = await podUid();
  changePod({ status: { phase: 'Failed' } }, { creationTimestamp: new Date().toISOString() });
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(dpuPath))).toContain('"Ended"'));
  expect(await podUid()).toBe(uid);
});

test('other settings make another pod', async () => {
  putDpu();
  const uid = await podUid();
  const config = {
    apiVersion,
    kind: 'DataProcessingUnitConfig',
    metadata: { name: 'c', namespace: operatorNamespace },
  };
  server.put(`/apis/${apiVersion}/namespaces/${operatorNamespace}/dataprocessingunitconfigs/c`, {
    ...config,
    spec: {
      numVfs: 3,
      hostPortsExpireAfterMinutes: 90,
      channel: { security: 'plain' },
      settings: { vfs: 2 },
    },
  });
  await vi.waitFor(async () => expect(await podUid()).not.toBe(uid));
  expect(JSON.stringify(server.objects.get(podPath))).toContain('{\\"vfs\\":2}');
  expect(server.objects.get(dpuPath)).toMatchObject({
    spec: { numVfs: 3, hostPortsExpireAfterMinutes: 90, channel: { security: 'plain' } },
  });
});

test('a config of another namespace does not count, and says so', async () => {
  putDpu();
  const putNamespaced = (namespace: string, creationTimestamp: string, numVfs: number) => {
    const path = `/apis/${apiVersion}/namespaces/${namespace}/dataprocessingunitconfigs/c`;
    server.put(path, {
      apiVersion,
      kind: 'DataProcessingUnitConfig',
      metadata: { name: 'c', namespace, creationTimestamp },
      spec: { numVfs },
    });
    return path;
  };
  // Of two that count the older would hold.
  const foreign = putNamespaced('shop', '2026-01-01T00:00:00Z', 3);
  putNamespaced(operatorNamespace, '2026-02-01T00:00:00Z', 5);
  const verdict = { type: 'Applied', status: 'False', reason: 'WrongNamespace' };
  await vi.waitFor(() => expect(server.objects.get(foreign)).toMatchObject({ status: { conditions: [verdict] } }));
  await vi.waitFor(() => expect(server.objects.get(dpuPath)).toMatchObject({ spec: { numVfs: 5 } }));
});

test("a VSP pod is made anew once by its daemon's order", async () => {
  putDpu();
  const uid = await podUid();
  changePod({}, { creationTimestamp: '2026-01-01T00:00:00Z' });
  putDpu({ annotations: { [annotations.restartVsp]: '2026-01-01T00:10:00Z' } });
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(dpuPath))).not.toContain(annotations.restartVsp));
  await vi.waitFor(async () => expect(await podUid()).not.toBe(uid));
  const second = await podUid();
  changePod({}, { creationTimestamp: '2026-01-01T00:10:00Z' });
  // As after a crash of the operator between the two steps.
  putDpu({ annotations: { [annotations.restartVsp]: '2026-01-01T00:10:00Z' } });
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(dpuPath))).not.toContain(annotations.restartVsp));
  expect(await podUid()).toBe(second);
});

test('settings that name a node follow its address, and hold what they were while there is none', async () => {
  const path = '/api/v1/nodes/node-b';
  const putNode = (address?: string) => {
    const addresses = address === undefined ? [] : [{ type: 'InternalIP', address }];
    server.put(path, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-b' }, status: { addresses } });
  };
  const pod = () => JSON.stringify(server.objects.get(podPath));
  putNode('192.0.2.2');
  server.put(`/apis/${apiVersion}/namespaces/${operatorNamespace}/dataprocessingunitconfigs/c`, {
    apiVersion,
    kind: 'DataProcessingUnitConfig',
    metadata: { name: 'c', namespace: operatorNamespace },
    spec: { settings: { peer: '{nodeIp:node-b}' } },
  });
  putDpu();
  await vi.waitFor(() => expect(pod()).toContain('{\\"peer\\":\\"192.0.2.2\\"}'));
  const uid = await podUid();
  // A node that is about to be looked up is not unknown.
  expect([...server.objects.values()].filter(({ reason }) => reason === 'NodeUnknown')).toEqual([]);
  putNode();
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(dpuPath))).toContain('"NodeUnknown"'));
  expect(await podUid()).toBe(uid);
  putNode('192.0.2.3');
  await vi.waitFor(() => expect(pod()).toContain('{\\"peer\\":\\"192.0.2.3\\"}'), 5_000);
});

function putLease(leaseDurationSeconds: number, renewTime: string): void {
  server.put(leasePath, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'dpu-daemon-node-a', namespace: operatorNamespace, labels: { app: 'dpu-daemon' } },
    spec: { leaseDurationSeconds, renewTime },
  });
}

test('a DPU whose node is gone goes too, where no daemon has a Lease', async () => {
  putDpu();
  await podUid();
  server.delete(nodePath);
  await vi.waitFor(() => expect(server.objects.has(dpuPath)).toBe(false));
});

test.each([
  ['falls silent', () => putLease(1, '2026-01-01T00:00:10.000000Z')],
  ['loses its Lease', () => server.delete(leasePath)],
])('a DPU whose node is gone stays while its daemon renews its Lease, and goes when that %s', async (_, ends) => {
  putLease(3_600, '2026-01-01T00:00:00.000000Z');
  putDpu();
  await podUid();
  const get = vi.spyOn(operator.store, 'get');
  const askedForLease = () => get.mock.calls.filter(([{ kind }]) => kind === 'Lease').length;
  server.delete(nodePath);
  await vi.waitFor(() => expect(askedForLease()).toBeGreaterThan(0));
  const before = askedForLease();
  // A change of the object has it reconciled again: by then the first round is over.
  putDpu({ labels: { round: '2' } });
  await vi.waitFor(() => expect(askedForLease()).toBeGreaterThan(before));
  expect(server.writes).not.toContain(`DELETE ${dpuPath}`);
  expect(server.objects.get(dpuPath)?.metadata.finalizers).toEqual([finalizers.daemon]);
  ends();
  await vi.waitFor(() => expect(server.objects.has(dpuPath)).toBe(false));
});

test('a DPU whose node is registered anew while its daemon works is served as before', async () => {
  putLease(3_600, '2026-01-01T00:00:00.000000Z');
  putDpu();
  const uid = await podUid();
  const get = vi.spyOn(operator.store, 'get');
  server.delete(nodePath);
  await vi.waitFor(() => expect(get.mock.calls.some(([{ kind }]) => kind === 'Lease')).toBe(true));
  server.put(nodePath, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } });
  server.delete(podPath);
  await vi.waitFor(async () => expect(await podUid()).not.toBe(uid));
  expect(server.writes).not.toContain(`DELETE ${dpuPath}`);
});

test('uninstalls what no daemon ever touched', async () => {
  putConfig();
  await vi.waitFor(() => expect(server.objects.has(daemonSetPath)).toBe(true));
  // Somebody's own, which nothing takes away.
  const metadata = { name: 'vsp-other', namespace: operatorNamespace, labels: { app: 'vsp' } };
  server.put(`${namespaced}/pods/vsp-other`, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } });
  server.delete(configPath);
  await vi.waitFor(() => expect(server.objects.has(configPath)).toBe(false));
  expect(server.objects.has(daemonSetPath)).toBe(false);
});

test('an uninstallation leaves the daemons where one has something to undo still', async () => {
  putConfig();
  await vi.waitFor(() => expect(server.objects.has(daemonSetPath)).toBe(true));
  const metadata = { name: 'node-a', labels: { dpu: 'true', 'dpu.config.openshift.io/dpuside': 'dpu-host' } };
  server.put(nodePath, { apiVersion: 'v1', kind: 'Node', metadata });
  server.delete(configPath);
  await vi.waitFor(() =>
    expect(server.objects.get(configPath)?.status).toMatchObject({
      conditions: [{ reason: 'Uninstalling', message: expect.stringMatching(/^node node-a: .* kubectl label node/) }],
    }),
  );
  expect(server.objects.has(daemonSetPath)).toBe(true);
  server.put(nodePath, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a', labels: { dpu: 'true' } } });
  await vi.waitFor(() => expect(server.objects.has(configPath)).toBe(false));
  expect(server.objects.has(daemonSetPath)).toBe(false);
});

test('an operator that starts amid an uninstallation goes on with it', async () => {
  putConfig();
  putDpu();
  await vi.waitFor(() => expect(server.objects.has(daemonSetPath)).toBe(true));
  server.delete(configPath);
  await vi.waitFor(() => expect(server.objects.get(dpuPath)?.metadata.deletionTimestamp).toBeDefined());
  await operator.end();
  server.close();
  await start();
  expect(server.objects.has(daemonSetPath)).toBe(true);
  // The daemon has torn the DPU down.
  putDpu({ finalizers: [], deletionTimestamp: '2026-01-01T00:00:00Z' });
  await vi.waitFor(() => {
    // As the garbage collector does.
    server.delete(podPath);
    expect(server.objects.has(configPath)).toBe(false);
  });
  expect(server.objects.has(daemonSetPath)).toBe(false);
});

test('a config that is created again right after it was deleted is served anew', async () => {
  for (const _round of [1, 2]) {
    putConfig();
    await vi.waitFor(() => expect(server.objects.get(configPath)?.metadata.finalizers).toEqual([finalizers.operator]));
    await vi.waitFor(() => {
      const uid = server.objects.get(configPath)?.metadata.uid;
      const owners = server.objects.get(daemonSetPath)?.metadata.ownerReferences;
      expect(owners).toMatchObject([{ uid }]);
    });
    server.delete(configPath);
    await vi.waitFor(() => expect(server.objects.has(configPath)).toBe(false));
  }
});
