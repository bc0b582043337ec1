/** How a DPU is made free of pods while the operator replaces its VSP, or its plugin is gone. */
import { podOf } from '@dpu-operator/sdk/manifest';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataProcessingUnit } from '../../api/index.ts';
import type { TestApiServer } from '../testing/api-server.ts';
import { dpuPath, found, NodeDpusFixture } from '../testing/node-dpus.ts';
import { freePort, Vsp } from '../testing/vsp.ts';

const path = `${dpuPath}/card-dpu`;
const card = {
  name: 'card-dpu',
  identifier: 'card',
  productName: 'Card',
  side: 'dpu',
  plugin: 'acme',
} as const;

let fixture: NodeDpusFixture;
let api: TestApiServer;
let vsp: Vsp;

beforeEach(async () => {
  fixture = await NodeDpusFixture.start();
  api = fixture.api;
  vsp = new Vsp(await freePort());
  await vsp.start(fixture.vspDirectory('card-dpu'));
  fixture.finds(found(card));
  await vi.waitFor(() => expect(ready()).toMatchObject({ status: 'True' }));
});
afterEach(async () => {
  fixture.close();
  await vsp.stop();
});

const status = () => dataProcessingUnit.schema.parse(api.objects.get(path)).status;
const ready = () => status()?.conditions?.find(({ type }) => type === 'Ready');
const devices = () => fixture.devices();

const run = {
  name: 'acme',
  version: '2',
  products: ['Software DPU'],
  image: 'vsp:2',
  disturbsTraffic: true,
  pod: podOf({ pod: {} }, 'host'),
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
  fixture.pods.push('shop/web', 'shop/web', 'shop/api');
  rollout('Draining');
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now', pods: ['shop/api', 'shop/web'] }));
  expect(devices()).toEqual([]);
  expect(fixture.dpus.manager('card-dpu')?.devices.position('vf0')).toBeUndefined();
  expect(fixture.dpus.manager('card-dpu')?.devices.locate('vf0')).toMatchObject({ vf: 0 });
  // What runs stays as it is.
  expect(ready()?.status).toBe('True');
  fixture.pods.length = 0;
  fixture.nodeDpus.attachmentsChanged();
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now', pods: [] }));
  rollout(undefined);
  await vi.waitFor(() => expect(status()?.drain).toBeUndefined());
  expect(devices()).toEqual(['vf0', 'vf1']);
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

test('what a failing version made is taken away before the one before returns, but not while a pod uses it', async () => {
  fixture.pods.push('shop/web');
  rollout('RollingBack', { drain: false, clear: true });
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now back', pods: ['shop/web'], kept: true }));
  expect(devices()).toEqual([]);
  expect(vsp.numVfsAsked).toEqual([]);
  fixture.pods.length = 0;
  fixture.nodeDpus.attachmentsChanged();
  await vi.waitFor(() => expect(status()?.drain).toEqual({ of: 'now back', pods: [], cleared: true }));
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
  await vsp.start(fixture.vspDirectory('card-dpu'));
  await vi.waitFor(() => expect(ready()?.status).toBe('True'));
  expect(status()?.vsp?.initialisedAt).not.toBe(first?.initialisedAt);
});

test('a DPU whose plugin is gone stays as long as pods use it', async () => {
  fixture.pods.push('shop/web');
  fixture.finds({ ...found(card), pluginGone: true });
  await vi.waitFor(() => expect(ready()).toMatchObject({ status: 'False', reason: 'PluginGone' }));
  expect(ready()?.message).toContain('shop/web');
  expect(devices()).toEqual([]);
  fixture.finds(found(card));
  await vi.waitFor(() => expect(ready()?.status).toBe('True'));
  expect(devices()).toEqual(['vf0', 'vf1']);
  fixture.finds({ ...found(card), pluginGone: true });
  await vi.waitFor(() => expect(ready()?.reason).toBe('PluginGone'));
  fixture.pods.length = 0;
  fixture.nodeDpus.attachmentsChanged();
  await vi.waitFor(() => expect(api.objects.has(path)).toBe(false));
  await vi.waitFor(() => expect(fixture.nodeDpus.presence('card-dpu')).toEqual({ is: 'gone' }));
});

test('a DPU that another plugin has taken over is said to be that one’s', async () => {
  expect(fixture.nodeDpus.known()).toMatchObject([{ name: 'card-dpu', plugin: 'acme' }]);
  fixture.finds(found({ ...card, plugin: 'other' }));
  await vi.waitFor(() => expect(fixture.nodeDpus.known()).toMatchObject([{ name: 'card-dpu', plugin: 'other' }]));
  await vi.waitFor(() =>
    expect(api.objects.get(path)?.metadata.annotations).toMatchObject({ 'dpu.config.openshift.io/plugin': 'other' }),
  );
  expect(ready()?.status).toBe('True');
});
