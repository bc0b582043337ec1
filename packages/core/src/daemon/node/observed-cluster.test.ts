import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { TestApiServer } from '../testing/api-server.ts';
import { ObservedCluster } from './observed-cluster.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const configPath = '/apis/config.openshift.io/v1/dpuoperatorconfigs/dpu-operator-config';
const nodePath = '/api/v1/nodes/node-1';
const config = {
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  metadata: { name: 'dpu-operator-config' },
  spec: { mode: 'auto', logLevel: 0 },
};
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { dpu: 'true' } } };

async function observed(objects: [string, Parameters<TestApiServer['put']>[1]][]) {
  const api = new TestApiServer();
  for (const [path, object] of objects) api.put(path, object);
  const store = await api.start();
  const stop = new AbortController();
  cleanups.push(() => {
    stop.abort();
    store.client.close();
    api.close();
  });
  const cluster = new ObservedCluster({ store, nodeName: 'node-1', logger: pino({ level: 'silent' }) });
  await cluster.start(stop.signal);
  return { api, cluster };
}

test('a configuration that the API server says is not there is an order', async () => {
  const { cluster } = await observed([[nodePath, node]]);
  expect(cluster.config).toEqual({ is: 'gone' });
  expect(cluster.order.is).toBe('leave');
});

test('a configuration that this version does not understand is none', async () => {
  const { cluster } = await observed([
    [nodePath, node],
    [configPath, { ...config, spec: { mode: 'both' } }],
  ]);
  expect(cluster.config.is).toBe('unknown');
  expect(cluster.order.is).toBe('wait');
});

test('a plugin is gone where the API server says so, not where it is not understood', async () => {
  const odd = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'VendorPlugin',
    metadata: { name: 'odd' },
    spec: { image: 7 },
  };
  const { api, cluster } = await observed([
    [nodePath, node],
    ['/apis/config.openshift.io/v1/vendorplugins/odd', odd],
  ]);
  expect(cluster.catalog.has('odd')).toBe(false);
  expect(await cluster.gonePlugins(['odd', 'other', '@dpu-operator/vsp-old'])).toEqual(
    new Set(['other', '@dpu-operator/vsp-old']),
  );
  api.close();
  expect(await cluster.gonePlugins(['other'])).toBeUndefined();
});

test('tells of labels, not of the status that the kubelet writes', async () => {
  const { api, cluster } = await observed([
    [nodePath, node],
    [configPath, config],
  ]);
  expect(cluster.order).toEqual({ is: 'serve', mode: 'auto' });
  const seen: (string | undefined)[] = [];
  cluster.on('change', () => seen.push(cluster.nodeLabels?.a));
  // What is written until the watch is open is not told by the API server of the tests.
  await vi.waitFor(() => {
    api.put(nodePath, { ...node, status: {}, metadata: { ...node.metadata, labels: { dpu: 'true', a: '0' } } });
    expect(seen).toContain('0');
  });
  const before = seen.length;
  const current = api.objects.get(nodePath);
  if (current) api.put(nodePath, { ...current, status: { addresses: [] } });
  api.put(nodePath, { ...node, metadata: { ...node.metadata, labels: { dpu: 'true', a: '1' } } });
  await vi.waitFor(() => expect(seen).toContain('1'));
  expect(seen.slice(before)).toEqual(['1']);
});
