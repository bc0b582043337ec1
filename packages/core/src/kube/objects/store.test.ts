import { pino } from 'pino';
import { expect, test } from 'vitest';
import { setCondition } from '../../api/fields/conditions.ts';
import { dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { watchStream } from '../client/watch-stream.ts';
import { EventRecorder } from '../events/events.ts';
import { FakeApiServer, type FakeRequest } from '../testing/fake-api-server.ts';
import { configMap, configMapMetadata } from './builtins.ts';
import { removeFinalizer } from './finalizers.ts';
import { applyConditions } from './status.ts';

const settings = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } } as const;

async function record(answer: unknown = settings, status = 200) {
  const requests: FakeRequest[] = [];
  const server = await FakeApiServer.start((request) => {
    requests.push(request);
    request.json(answer, status);
  });
  return { server, requests, store: server.store() };
}

test('apply is a server-side apply with manager and force', async () => {
  const { server, requests, store } = await record();
  await using _ = server;
  await store.apply(configMap, settings, { fieldManager: 'me' });
  const [request] = requests;
  expect([request?.method, request?.path]).toEqual(['PATCH', '/api/v1/namespaces/default/configmaps/a']);
  expect(Object.fromEntries(request?.query ?? [])).toEqual({ fieldManager: 'me', force: 'true' });
});

test('an object that does not exist is undefined; an error has code, reason and words', async () => {
  const status = { kind: 'Status', code: 404, reason: 'NotFound', message: 'configmaps "a" not found' };
  const { server, store } = await record(status, 404);
  await using _ = server;
  expect(await store.get(configMap, 'a', 'default')).toBeUndefined();
  expect(await store.delete(configMap, 'a', 'default')).toBe(false);
  await expect(store.create(configMap, settings)).rejects.toMatchObject({
    code: 404,
    reason: 'NotFound',
    message: 'POST /api/v1/namespaces/default/configmaps: configmaps "a" not found',
  });
});

test('of a kind of which only metadata is read no more is asked for, and whole objects of a server that knows no better do', async () => {
  const requests: FakeRequest[] = [];
  const metadata = { name: 'a', namespace: 'default', resourceVersion: '1' };
  const partial = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata };
  await using server = await FakeApiServer.start((request) => {
    requests.push(request);
    const items = request.accept.includes('PartialObjectMetadataList')
      ? [partial]
      : [{ ...settings, data: { b: 'c' } }];
    if (request.query.has('watch'))
      request.line({ type: 'ADDED', object: { ...settings, metadata, data: { b: 'c' } } });
    else request.json({ metadata: { resourceVersion: '1' }, items });
  });
  const store = server.store();
  const read = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
  expect((await store.list(configMapMetadata)).items).toEqual([read]);
  expect((await store.list(configMap)).items).toEqual([{ ...settings, data: { b: 'c' } }]);
  const told: unknown[] = [];
  const end = new Error('enough');
  const event = (one: unknown) => {
    told.push(one);
    throw end;
  };
  await expect(watchStream(store.client, configMapMetadata, '1', {}, { opened: () => {}, event })).rejects.toBe(end);
  expect(told).toMatchObject([{ object: read }]);
  const as = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
  const asked = requests.map(({ accept }) => accept);
  expect(asked).toEqual([as('PartialObjectMetadataList'), 'application/json', as('PartialObjectMetadata')]);
});

test('a list of null is one of nothing', async () => {
  await using server = await FakeApiServer.start((request) =>
    request.json({ metadata: { resourceVersion: '1' }, items: null }),
  );
  expect(await server.store().list(configMapMetadata)).toEqual({ items: [], resourceVersion: '1' });
});

test('a delete sends its body whole, so that the connection can serve the next request', async () => {
  const { server, requests, store } = await record();
  await using _ = server;
  expect(await store.delete(configMap, 'a', 'default', { uid: 'u' })).toBe(true);
  await store.get(configMap, 'a', 'default');
  expect(JSON.parse(requests[0]?.body ?? '')).toMatchObject({ preconditions: { uid: 'u' } });
  expect(requests).toHaveLength(2);
});

test.each([
  'Operation cannot be fulfilled on leases.coordination.k8s.io "a": StorageError: invalid object, Code: 4, Key: /registry/leases/default/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: u, UID in object meta: v',
  'Operation cannot be fulfilled on pods "a": the UID in the precondition (u) does not match the UID in record (v). The object might have been deleted and then recreated',
])(
  'an object that has taken the name of another is not deleted or evicted, and that is no failure: %s',
  async (message) => {
    const { server, store } = await record({ kind: 'Status', code: 409, reason: 'Conflict', message }, 409);
    await using _ = server;
    expect(await store.delete(configMap, 'a', 'default', { uid: 'u' })).toBe(false);
    expect(await store.evict('a', 'default', 'u')).toBeUndefined();
  },
);

test('another conflict does not mean that there is nothing to delete or evict', async () => {
  const message = 'admission webhook "keep.example.com" denied the request: ask again';
  const { server, store } = await record({ kind: 'Status', code: 409, reason: 'Conflict', message }, 409);
  await using _ = server;
  await expect(store.delete(configMap, 'a', 'default', { uid: 'u' })).rejects.toThrow(message);
  expect(await store.evict('a', 'default', 'u')).toBe(message);
});

test.each([
  [429, "Cannot evict pod as it would violate the pod's disruption budget."],
  [500, 'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.'],
  [403, 'admission webhook "keep.example.com" denied the request: it is kept'],
])('an eviction that budgets or policies do not allow (%i) is told in their words', async (code, message) => {
  const { server, store } = await record({ kind: 'Status', code, message }, code);
  await using _ = server;
  expect(await store.evict('web', 'shop', 'uid')).toBe(message);
});

test('that the API server does not know the operator says nothing of an eviction', async () => {
  const { server, store } = await record({ kind: 'Status', code: 401, message: 'Unauthorized' }, 401);
  await using _ = server;
  await expect(store.evict('web', 'shop', 'uid')).rejects.toThrow('Unauthorized');
});

test('a finalizer is taken off under the version that was read', async () => {
  const { server, requests, store } = await record();
  await using _ = server;
  const metadata = { name: 'a', namespace: 'default', uid: 'u', resourceVersion: '4', finalizers: ['x/a', 'x/b'] };
  await removeFinalizer(store, configMap, { ...settings, metadata }, 'x/a');
  const expected = { metadata: { finalizers: ['x/b'], resourceVersion: '4', uid: 'u' } };
  expect(JSON.parse(requests[0]?.body ?? '')).toEqual(expected);
});

test('conditions are written once, and only those of the manager', async () => {
  const dpu = {
    apiVersion: dataProcessingUnit.apiVersion,
    kind: dataProcessingUnit.kind,
    metadata: { name: 'd', uid: 'u', generation: 2 },
    spec: { isDpuSide: true, nodeName: 'n' },
  } as const;
  const { server, requests, store } = await record(dpu);
  await using _ = server;
  const ready = { type: 'Ready', status: 'True', reason: 'Ok', message: '' } as const;
  const pod = { type: 'VspPod', status: 'True', reason: 'Running', message: '' } as const;
  const before = { ...dpu, status: { conditions: [...setCondition([], ready)] } };
  const options = { fieldManager: 'me' };
  expect(await applyConditions(store, dataProcessingUnit, before, [pod], options)).toHaveLength(1);
  const { status } = JSON.parse(requests[0]?.body ?? '');
  expect(status.conditions).toMatchObject([{ type: 'VspPod', observedGeneration: 2 }]);
  expect(await applyConditions(store, dataProcessingUnit, { ...dpu, status }, [pod], options)).toEqual([]);
  expect(requests).toHaveLength(1);
});

test('an event is written when it is news, in a form that the API server takes', async () => {
  const event = { apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: 'e' } };
  const { server, requests, store } = await record(event);
  await using _ = server;
  const events = new EventRecorder(store, 'controller', 'pod', pino({ enabled: false }));
  for (const reason of ['Up', 'Up', 'Down', 'Up'])
    await events.event(settings, { type: 'Normal', reason, message: '' });
  expect(requests.map(({ body }) => JSON.parse(body).reason)).toEqual(['Up', 'Down', 'Up']);
  expect(JSON.parse(requests[0]?.body ?? '').eventTime).toMatch(/\.\d{6}Z$/);
});
