import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VspClient } from '@dpu-operator/sdk/client';
import type { DetectedDpu } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { EventRecorder } from '../../kube/index.ts';
import { DevicePool } from '../device-plugin/pool.ts';
import { TestApiServer } from '../testing/api-server.ts';
import { freePort, Vsp } from '../testing/vsp.ts';
import { DpuFleet } from './fleet.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const path = '/apis/config.openshift.io/v1/dataprocessingunits/soft-dpu';
const detected: DetectedDpu = {
  name: 'soft-dpu',
  identifier: 'soft',
  productName: 'Software DPU',
  side: 'dpu',
  plugin: '@dpu-operator/vsp-mock',
};

async function start(options: { directory?: string; api?: TestApiServer; pods?: string[] } = {}) {
  const api = options.api ?? new TestApiServer();
  const store = await api.start();
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), 'fleet-'));
  const pods = options.pods ?? [];
  const settled: string[][] = [];
  const ready = { times: 0 };
  const stop = new AbortController();
  const fleet: DpuFleet = new DpuFleet({
    store,
    events: new EventRecorder(store, 'test', 'test', logger),
    nodeName: 'node-1',
    pool: new DevicePool(),
    attachments: { pods: () => pods, bridgePorts: () => [], networkFunctions: () => [] },
    sysfs: { vfPosition: async () => undefined },
    stateDirectory: join(directory, 'state'),
    vspDirectory: (name) => join(directory, 'vsp', name),
    onSides: () => {},
    onReady: () => {
      ready.times += 1;
    },
    settleNode: async () => void settled.push([...fleet.sides()]),
    logger,
  });
  await fleet.start(stop.signal);
  cleanups.push(() => {
    stop.abort();
    fleet.close();
    store.client.close();
    api.close();
  });
  const condition = () => (api.objects.get(path)?.status as { conditions: unknown[] } | undefined)?.conditions[0];
  return { api, fleet, directory, pods, settled, ready, condition, stop };
}

test('makes the object of a detected DPU and says what it waits for', async () => {
  const { api, fleet, condition, directory } = await start();
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(condition()).toMatchObject({ status: 'False', reason: 'VspNotRunning' }));
  expect(api.objects.get(path)).toMatchObject({
    metadata: {
      labels: { 'dpu.config.openshift.io/node': 'node-1', 'dpu.config.openshift.io/side': 'dpu' },
      annotations: { 'dpu.config.openshift.io/plugin': '@dpu-operator/vsp-mock' },
      finalizers: ['dpu.config.openshift.io/daemon'],
    },
    spec: { dpuProductName: 'Software DPU', isDpuSide: true, nodeName: 'node-1' },
  });
  expect(fleet.sides()).toEqual(new Set(['dpu']));
  expect(existsSync(join(directory, 'vsp/soft-dpu'))).toBe(true);
});

test('writes nothing while nothing changes', async () => {
  const { api, fleet, condition } = await start();
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(condition()).toBeDefined());
  const before = api.writes.filter((write) => !write.includes('events'));
  api.put(path, {
    ...api.objects.get(path),
    metadata: { ...api.objects.get(path)?.metadata, annotations: { a: 'b' } },
  });
  await vi.waitFor(() =>
    expect(api.objects.get(path)?.metadata.annotations).toMatchObject({
      'dpu.config.openshift.io/plugin': '@dpu-operator/vsp-mock',
    }),
  );
  const after = api.writes.filter((write) => !write.includes('events'));
  expect(after.slice(before.length)).toEqual([`PATCH ${path}`]);
});

test('a DPU that is gone is torn down, then its object goes', async () => {
  const { api, fleet, directory, settled, condition } = await start();
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(condition()).toBeDefined());
  fleet.setDetected([]);
  await vi.waitFor(() => expect(api.objects.has(path)).toBe(false));
  expect(settled).toEqual([[]]);
  expect(existsSync(join(directory, 'vsp/soft-dpu'))).toBe(false);
});

test('pods keep a DPU, which says so, until the last is gone', async () => {
  const { api, fleet, pods, condition } = await start({ pods: ['shop/web'] });
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(condition()).toBeDefined());
  api.delete(path);
  await vi.waitFor(() => expect(condition()).toMatchObject({ status: 'False', reason: 'AttachmentsInUse' }));
  expect(condition()).toMatchObject({ message: expect.stringContaining('shop/web') });
  fleet.setDetected([]);
  pods.pop();
  fleet.attachmentsChanged();
  await vi.waitFor(() => expect(api.objects.has(path)).toBe(false));
});

test('an object that somebody deletes while the DPU stays is made again', async () => {
  const { api, fleet, condition } = await start();
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(condition()).toBeDefined());
  const uid = api.objects.get(path)?.metadata.uid;
  api.delete(path);
  await vi.waitFor(() => expect(api.objects.get(path)?.metadata.uid).not.toBe(uid));
  await vi.waitFor(() => expect(condition()).toBeDefined());
});

test('a daemon that starts while its DPU is being deleted finishes that', async () => {
  const first = await start();
  first.fleet.setDetected([detected]);
  await vi.waitFor(() => expect(first.condition()).toBeDefined());
  first.stop.abort();
  first.fleet.close();
  const { api } = first;
  api.delete(path);
  expect(api.objects.has(path)).toBe(true);
  const object = api.objects.get(path);
  const second = new TestApiServer();
  if (object) second.put(path, object);
  const { settled } = await start({ directory: first.directory, api: second });
  await vi.waitFor(() => expect(second.objects.has(path)).toBe(false));
  expect(settled.at(-1)).toEqual([]);
});

test('a daemon that starts anew leaves its DPU alone until it has looked', async () => {
  const first = await start();
  first.fleet.setDetected([detected]);
  await vi.waitFor(() => expect(first.condition()).toBeDefined());
  first.stop.abort();
  first.fleet.close();
  const api = new TestApiServer();
  const object = first.api.objects.get(path);
  if (object) api.put(path, object);
  const { fleet } = await start({ directory: first.directory, api });
  const deletions = () => api.writes.filter((write) => write.startsWith('DELETE'));
  await expect(vi.waitFor(() => expect(deletions()).not.toEqual([]), { timeout: 200 })).rejects.toThrow();
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(fleet.manager('soft-dpu')).toBeDefined());
  expect(deletions()).toEqual([]);
});

test('before the first look the sides of an earlier daemon count, and none is said to stay', async () => {
  const first = await start();
  first.fleet.setDetected([detected]);
  await vi.waitFor(() => expect(first.condition()).toBeDefined());
  first.stop.abort();
  first.fleet.close();
  const { fleet } = await start({ directory: first.directory });
  expect([fleet.hasLooked, [...fleet.sides()], fleet.stays('dpu')]).toEqual([false, ['dpu'], false]);
  expect([fleet.isGone('soft-dpu'), fleet.isGone('other')]).toEqual([false, false]);
  fleet.setDetected([detected]);
  expect([fleet.hasLooked, fleet.stays('dpu'), fleet.stays('host')]).toEqual([true, true, false]);
});

test('a DPU side that is being deleted is not to stay, so that its network functions go', async () => {
  const { api, fleet, condition } = await start({ pods: ['shop/firewall'] });
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(condition()).toBeDefined());
  expect(fleet.stays('dpu')).toBe(true);
  api.delete(path);
  await vi.waitFor(() => expect(fleet.stays('dpu')).toBe(false));
  expect(fleet.sides()).toEqual(new Set(['dpu']));
  await vi.waitFor(() => expect(fleet.manager('soft-dpu')?.withdrawn).toBe(true));
});

test('a DPU whose object was removed by force is torn down when no pod uses it any more, not before', async () => {
  const { api, fleet, pods, condition, directory } = await start({ pods: ['shop/web'] });
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(condition()).toBeDefined());
  fleet.setDetected([]);
  await vi.waitFor(() => expect(condition()).toMatchObject({ reason: 'AttachmentsInUse' }));
  const object = api.objects.get(path);
  api.put(path, { ...object, metadata: { ...object?.metadata, finalizers: [] } });
  await vi.waitFor(() => expect(api.objects.has(path)).toBe(false));
  fleet.attachmentsChanged();
  await expect(vi.waitFor(() => expect(fleet.isGone('soft-dpu')).toBe(true), { timeout: 200 })).rejects.toThrow();
  expect(existsSync(join(directory, 'vsp/soft-dpu'))).toBe(true);
  pods.pop();
  fleet.attachmentsChanged();
  await vi.waitFor(() => expect(fleet.isGone('soft-dpu')).toBe(true));
});

test("another node's object of that name is left alone, and taken over when it is gone", async () => {
  const { api, fleet } = await start();
  const spec = { isDpuSide: true, nodeName: 'node-2', dpuProductName: 'Software DPU' };
  const labels = { 'dpu.config.openshift.io/node': 'node-2' };
  const kind = { apiVersion: 'config.openshift.io/v1', kind: 'DataProcessingUnit' };
  api.put(path, { ...kind, metadata: { name: 'soft-dpu', labels }, spec });
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(api.writes.some((write) => write.includes('/events'))).toBe(true));
  expect(api.objects.get(path)?.spec).toEqual(spec);
  api.delete(path);
  await vi.waitFor(() => expect(api.objects.get(path)?.spec).toMatchObject({ nodeName: 'node-1' }));
});

test('a DPU that becomes ready is told once, and again after it was not', async () => {
  const { fleet, directory, ready } = await start();
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(existsSync(join(directory, 'vsp/soft-dpu'))).toBe(true));
  for (const times of [1, 2]) {
    const vsp = new Vsp(await freePort());
    await vsp.start(join(directory, 'vsp/soft-dpu'));
    await vi.waitFor(() => expect(ready.times).toBe(times), 5_000);
    await vsp.stop();
    await vi.waitFor(() => expect(fleet.manager('soft-dpu')?.ready?.status).toBe('False'));
  }
});

/** The ports of a host on a DPU side, and what a person orders of them. */
test('a host that does not come back is forgotten by an order, which is for once; one that is connected is not', async () => {
  const vsp = new Vsp(await freePort());
  const first = await start();
  first.fleet.setDetected([detected]);
  await vi.waitFor(() => expect(first.condition()).toBeDefined());
  await vsp.start(join(first.directory, 'vsp/soft-dpu'));
  cleanups.push(() => vsp.stop());
  const host = new VspClient({
    address: `127.0.0.1:${vsp.address.port}`,
    logger,
    metadata: { 'dpu-owner': 'node-7/a-dpu' },
  });
  cleanups.push(() => host.close());
  await vi.waitFor(() => host.ping('node-7'), 5_000);
  await host.createBridgePort({
    name: 'host0-1',
    macAddress: '02:00:00:00:00:01',
    type: 'ACCESS',
    logicalBridges: ['3'],
  });
  const order = (api: TestApiServer) => {
    const object = api.objects.get(path);
    if (!object) throw new Error('the DPU has no object');
    const annotations = {
      'dpu.config.openshift.io/plugin': detected.plugin,
      'dpu.config.openshift.io/forget-host': 'node-7/a-dpu',
    };
    api.put(path, { ...object, metadata: { ...object.metadata, annotations } });
  };
  const isObeyed = (api: TestApiServer) =>
    vi.waitFor(() => {
      const annotations = api.objects.get(path)?.metadata.annotations;
      expect(annotations).not.toHaveProperty(['dpu.config.openshift.io/forget-host']);
    });
  order(first.api);
  await isObeyed(first.api);
  expect(vsp.ports.size).toBe(1);
  host.close();
  first.stop.abort();
  first.fleet.close();
  const api = new TestApiServer();
  const left = first.api.objects.get(path);
  if (left) api.put(path, left);
  const { fleet } = await start({ directory: first.directory, api });
  fleet.setDetected([detected]);
  await vi.waitFor(() => expect(fleet.manager('soft-dpu')?.ready?.status).toBe('True'), 5_000);
  order(api);
  await isObeyed(api);
  await vi.waitFor(() => expect(vsp.ports.size).toBe(0));
  expect(fleet.manager('soft-dpu')?.hostOwners()).toEqual([]);
});
