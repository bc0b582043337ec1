import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { operatorNamespace } from '../api/names/names.ts';
import { TestApiServer } from '../daemon/testing/api-server.ts';
import { MigrationCluster } from './cluster.ts';

const path = '/api/v1/namespaces/x/pods/a';
const ref = { apiVersion: 'v1', kind: 'Pod', plural: 'pods', namespace: 'x', name: 'a' };
const pod = (phase: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'x' },
  status: { phase },
});

let server: TestApiServer;
let cluster: MigrationCluster;
let asked: string[];

beforeEach(async () => {
  server = new TestApiServer();
  const store = await server.start();
  asked = [];
  const stream = store.client.stream.bind(store.client);
  vi.spyOn(store.client, 'stream').mockImplementation((request) => {
    asked.push(`${request.query?.watch ? 'WATCH' : request.method} ${request.path}`);
    return stream(request);
  });
  cluster = new MigrationCluster(store, 120_000);
});
afterEach(() => server.close());

test('what is so already is asked for once', async () => {
  await cluster.until(ref, 'gone', (object) => object === undefined);
  expect(asked).toEqual([`GET ${path}`]);
});

test('what is not so yet is watched: nothing is asked again and again', async () => {
  server.put(path, pod('Pending'));
  const seen: (string | undefined)[] = [];
  const done = cluster.until(ref, 'ended', (object) => {
    const { phase } = (object?.status ?? {}) as { phase?: string };
    seen.push(phase);
    return phase === 'Succeeded';
  });
  // By the question, and by the watch, which tells first what there is.
  await vi.waitFor(() => expect(seen.length).toBeGreaterThan(1));
  server.put(path.replace('/a', '/b'), { ...pod('Succeeded'), metadata: { name: 'b', namespace: 'x' } });
  server.put(path, pod('Running'));
  await vi.waitFor(() => expect(seen).toContain('Running'));
  server.put(path, pod('Succeeded'));
  await done;
  expect(asked).toEqual([`GET ${path}`, 'WATCH /api/v1/namespaces/x/pods']);
});

test('what a dead connection has not said is found when the time is over', async () => {
  const { store } = cluster;
  const answer = store.client.stream.bind(store.client);
  store.client.stream = (request) => (request.query?.watch ? new Promise(() => {}) : answer(request));
  const impatient = new MigrationCluster(store, 100);
  server.put(path, pod('Pending'));
  await expect(impatient.until(ref, 'ended', () => false)).rejects.toThrow('not so after 0.1 s: ended');
  await impatient.until(ref, 'ended', (object) => {
    const { phase } = (object?.status ?? {}) as { phase?: string };
    server.put(path, pod('Succeeded'));
    return phase === 'Succeeded';
  });
});

test('a deletion is waited for until the object has gone, and what the condition throws is thrown', async () => {
  server.put(path, { ...pod('Running'), metadata: { name: 'a', namespace: 'x', finalizers: ['somebody/else'] } });
  const deleted = cluster.delete(ref);
  const missed = cluster.until(ref, 'ended', (object) => {
    if (!object) throw new Error('it was deleted');
    return false;
  });
  const both = Promise.all([deleted, expect(missed).rejects.toThrow('it was deleted')]);
  await vi.waitFor(() => expect(server.objects.get(path)?.metadata.deletionTimestamp).toBeDefined());
  server.put(path, {
    ...server.objects.get(path),
    metadata: { ...server.objects.get(path)?.metadata, finalizers: [] },
  });
  await both;
  expect(server.objects.has(path)).toBe(false);
});

test.each([
  ['another operator’s webhook of the same name is not seen, so it is neither saved nor deleted', 'elsewhere', false],
  ['the Go operator’s webhook is seen', operatorNamespace, true],
])('%s', async (_, namespace, isSeen) => {
  const name = 'network-resources-injector-config';
  const kind = 'MutatingWebhookConfiguration';
  server.put(`/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${name}`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    webhooks: [{ name: 'a.k8s.io', clientConfig: { service: { namespace, name: 'a' } } }],
  });
  const { objects } = await cluster.observe();
  expect(objects.has(`${kind}.${name}`)).toBe(isSeen);
});
