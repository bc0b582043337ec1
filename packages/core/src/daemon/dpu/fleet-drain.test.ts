/** How a DPU is made free of pods while the operator replaces its VSP, or its plugin is gone. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataProcessingUnit } from '../../api/index.ts';
import { EventRecorder } from '../../kube/index.ts';
import { DevicePool } from '../kubelet/pool.ts';
import { TestApiServer } from '../testing/api-server.ts';
import { freePort, Vsp } from '../testing/vsp.ts';
import { DpuFleet } from './fleet.ts';

const logger = pino({ level: 'silent' });
const path = '/apis/config.openshift.io/v1/dataprocessingunits/card-dpu';
const found = {
  name: 'card-dpu',
  identifier: 'card',
  productName: 'Card',
  side: 'dpu',
  plugin: 'acme',
} as const;

let api: TestApiServer;
let fleet: DpuFleet;
let vsp: Vsp;
let pool: DevicePool;
let pods: string[];
let stop: AbortController;
let sidesTold: boolean[];
let directory: string;

beforeEach(async () => {
  api = new TestApiServer();
  pool = new DevicePool();
  pods = [];
  sidesTold = [];
  stop = new AbortController();
  const store = await api.start();
  directory = mkdtempSync(join(tmpdir(), 'drain-'));
  fleet = new DpuFleet({
    store,
    events: new EventRecorder(store, 'test', 'test', logger),
    nodeName: 'node-1',
    pool,
    attachments: { pods: () => pods, bridgePorts: () => [], networkFunctions: () => [] },
    sysfs: { vfPosition: async () => undefined },
    stateDirectory: join(directory, 'state'),
    vspDirectory: (name) => join(directory, 'vsp', name),
    onSides: () => sidesTold.push(fleet.stays('dpu')),
    onReady: () => {},
    settleNode: async () => {},
    logger,
  });
  await fleet.start(stop.signal);
  vsp = new Vsp(await freePort());
  await vsp.start(join(directory, 'vsp/card-dpu'));
  fleet.setDetected([found]);
  await vi.waitFor(() => expect(ready()).toMatchObject({ status: 'True' }));
});
afterEach(async () => {
  stop.abort();
  fleet.close();
  await vsp.stop();
  api.close();
});

const status = () => dataProcessingUnit.schema.parse(api.objects.get(path)).status;
const ready = () => status()?.conditions?.find(({ type }) => type === 'Ready');
const devices = () => pool.list().map(({ id }) => id);

const run = {
  name: 'acme',
  version: '2',
  image: 'vsp:2',
  disturbsTraffic: true,
  privileges: { privileged: false, capabilities: [], hostPaths: [], hostNetwork: true, seccomp: 'RuntimeDefault' },
  settings: {},
  digest: 'd',
};

/** As the operator does. */
function rollout(phase: string | undefined, more: object = {}): void {
  const object = api.objects.get(path);
  if (!object) throw new Error('there is no DPU');
  const { rollout: _, ...rest } = object.status as { rollout?: object };
  const next = { target: run, phase, startedAt: 'now', drain: true, clear: false, wasReady: true, ...more };
  api.put(path, { ...object, status: { ...rest, ...(phase && { rollout: next }) } });
}

test('a DPU whose plugin is to be replaced takes no new pods, and says which it has', async () => {
  pods = ['shop/web', 'shop/web', 'shop/api'];
  rollout('Draining');
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now', pods: ['shop/api', 'shop/web'] }));
  expect(devices()).toEqual([]);
  expect(fleet.manager('card-dpu')?.position('vf0')).toBeUndefined();
  expect(sidesTold.at(-1)).toBe(false);
  // What runs stays as it is.
  expect(ready()?.status).toBe('True');
  pods = [];
  fleet.attachmentsChanged();
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now', pods: [] }));
  rollout(undefined);
  await vi.waitFor(() => expect(status()?.drain).toBeUndefined());
  expect(devices()).toEqual(['vf0', 'vf1']);
  expect(sidesTold.at(-1)).toBe(true);
});

test.each(['Installing', 'Failed'])('a rollout that is %s holds no devices back', async (phase) => {
  rollout(phase);
  // When it has begun to look at the object for the second time, it is done with the first.
  for (const _look of [1, 2]) {
    const object = api.objects.get(path);
    api.put(path, { ...object, metadata: { ...object?.metadata, annotations: {} } });
    await vi.waitFor(() => expect(api.objects.get(path)?.metadata.annotations).not.toEqual({}));
  }
  expect(status()?.drain).toBeUndefined();
  expect(devices()).toEqual(['vf0', 'vf1']);
});

test('before another plugin comes, the VSP takes away what it made, once', async () => {
  rollout('Draining', { clear: true });
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now', pods: [] }));
  expect(vsp.numVfsAsked).toEqual([]);
  rollout('Replacing', { clear: true });
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now', pods: [], cleared: true }));
  rollout('Replacing', { clear: true, replacingSince: 'x' });
  rollout('Verifying', { clear: true });
  rollout(undefined);
  await vi.waitFor(() => expect(status()?.drain).toBeUndefined());
  expect(vsp.numVfsAsked).toEqual([0]);
});

test('every VSP that answers Init is another one to the operator', async () => {
  const first = status()?.vsp;
  expect(first?.initialisedAt).toMatch(/^\d{4}-/);
  expect(first?.capabilities).toContain('bridge');
  const object = api.objects.get(path);
  api.put(path, { ...object, metadata: { ...object?.metadata, labels: { ...object?.metadata.labels, a: 'b' } } });
  expect(status()?.vsp).toEqual(first);
  await vsp.stop();
  await vi.waitFor(() => expect(ready()?.status).toBe('False'));
  await vsp.start(join(directory, 'vsp/card-dpu'));
  await vi.waitFor(() => expect(ready()?.status).toBe('True'));
  expect(status()?.vsp?.initialisedAt).not.toBe(first?.initialisedAt);
});

test('a DPU whose plugin is gone stays as long as pods use it', async () => {
  pods = ['shop/web'];
  fleet.setDetected([{ ...found, pluginGone: true }]);
  await vi.waitFor(() => expect(ready()).toMatchObject({ status: 'False', reason: 'PluginGone' }));
  expect(ready()?.message).toContain('shop/web');
  expect(devices()).toEqual([]);
  fleet.setDetected([found]);
  await vi.waitFor(() => expect(ready()?.status).toBe('True'));
  expect(devices()).toEqual(['vf0', 'vf1']);
  fleet.setDetected([{ ...found, pluginGone: true }]);
  await vi.waitFor(() => expect(ready()?.reason).toBe('PluginGone'));
  pods = [];
  fleet.attachmentsChanged();
  await vi.waitFor(() => expect(api.objects.has(path)).toBe(false));
  expect(fleet.isGone('card-dpu')).toBe(true);
});

test('a DPU that another plugin has taken over is said to be that one’s', async () => {
  expect(fleet.known().get('card-dpu')).toMatchObject({ plugin: 'acme', record: { plugin: 'acme' } });
  fleet.setDetected([{ ...found, plugin: 'other' }]);
  await vi.waitFor(() =>
    expect(fleet.known().get('card-dpu')).toMatchObject({ plugin: 'other', record: { plugin: 'other' } }),
  );
  expect(ready()?.status).toBe('True');
});
