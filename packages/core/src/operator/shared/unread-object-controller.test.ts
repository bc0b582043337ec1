/** Objects whose spec a newer version wrote, against an API server in memory. */
import 'reflect-metadata';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findCondition } from '../../api/fields/conditions.ts';
import type { Condition } from '../../api/fields/meta.ts';
import { configName } from '../../api/names/names.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { DpuNetworkController } from '../networks/dpu-network-controller.ts';
import { type RunningControllers, runControllers } from '../testing/controllers.ts';
import { putMultus } from '../testing/multus.ts';
import { UnreadObjectController } from './unread-object-controller.ts';

const apiVersion = 'config.openshift.io/v1';
const path = (name: string) => `/apis/${apiVersion}/dpunetworks/${name}`;

let api: TestApiServer;
let running: RunningControllers;

beforeEach(async () => {
  api = new TestApiServer();
  putMultus(api);
  api.put(`/apis/${apiVersion}/dpuoperatorconfigs/${configName}`, {
    apiVersion,
    kind: 'DpuOperatorConfig',
    metadata: { name: configName },
    spec: {},
  });
  putNetwork('before', { podsOnChange: 'Someday' });
  running = await runControllers(api, ({ store, caches, events, logger }) => [
    new UnreadObjectController(store, caches, events, logger),
    new DpuNetworkController(store, caches, events, logger),
  ]);
});
afterEach(async () => {
  await running.end();
  api.close();
});

function putNetwork(name: string, spec: object, status?: unknown): void {
  const dpuSelector = { matchExpressions: [{ key: 'vfId', operator: 'In', values: ['0-1'] }] };
  const metadata = { name, generation: 1 };
  api.put(path(name), { apiVersion, kind: 'DpuNetwork', metadata, spec: { dpuSelector, ...spec }, status });
}

const ready = (name: string) =>
  findCondition((api.objects.get(path(name))?.status as { conditions?: Condition[] } | undefined)?.conditions, 'Ready');
const said = (name: string, reason: string) =>
  vi.waitFor(() => expect(ready(name)?.reason).toBe(reason), { interval: 50 });

test('what is not understood says so, whether it was there before or comes; others have their own', async () => {
  putNetwork('after', { mtu: 'jumbo' }, { conditions: null, somethingNew: 1 });
  putNetwork('sound', {});
  await said('before', 'SpecNotUnderstood');
  expect(ready('before')).toMatchObject({ status: 'False', observedGeneration: 1 });
  expect(ready('before')?.message).toContain('spec.podsOnChange');
  await said('after', 'SpecNotUnderstood');
  expect(ready('after')?.message).toContain('spec.mtu');
  await said('sound', 'NothingSelected');
});

test('is served once it is understood', async () => {
  await said('before', 'SpecNotUnderstood');
  putNetwork('before', { podsOnChange: 'Evict' }, api.objects.get(path('before'))?.status);
  await said('before', 'NothingSelected');
});

test('the condition is written once', async () => {
  await said('before', 'SpecNotUnderstood');
  const version = () => api.objects.get(path('before'))?.metadata.resourceVersion;
  const first = version();
  // A watch tells of the write, and of another object after it.
  putNetwork('later', { podsOnChange: 'Someday' });
  await said('later', 'SpecNotUnderstood');
  expect(version()).toBe(first);
});
