import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { EventRecorder, type KubeStore } from '../../kube/index.ts';
import { TestApiServer } from '../testing/api-server.ts';
import { ChainReconciler } from './chain-reconciler.ts';
import type { ChainState } from './chain-state.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const chainPath = '/apis/config.openshift.io/v1/namespaces/shop/servicefunctionchains/edge';
const podPath = (name: string) => `/api/v1/namespaces/shop/pods/${name}`;

function chainOf(...names: string[]) {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'ServiceFunctionChain',
    metadata: { name: 'edge', namespace: 'shop', generation: 1 },
    spec: { networkFunctions: names.map((name) => ({ name, image: `${name}:1` })) },
  };
}

async function node(former?: { api: TestApiServer; store: KubeStore }) {
  const api = former?.api ?? new TestApiServer();
  const store = former?.store ?? (await api.start());
  const orders: string[][] = [];
  const state: { now: ChainState | undefined } = { now: undefined };
  const labels: { now: Record<string, string> | undefined } = { now: {} };
  const reconciler = new ChainReconciler({
    store,
    events: new EventRecorder(store, 'test', 'test', logger),
    nodeName: 'dpu-1',
    nodeLabels: () => labels.now,
    hasDpuSide: () => true,
    dataPath: {
      setOrder: async (_chain, functions) => void orders.push([...functions]),
      stateOf: () => state.now,
    },
    logger,
  });
  const stop = new AbortController();
  cleanups.push(() => {
    stop.abort();
    store.client.close();
    api.close();
  });
  const run = () => void reconciler.start(stop.signal).catch(() => {});
  return { api, store, reconciler, orders, state, labels, run };
}

const withStatus = (api: TestApiServer, name: string) => {
  const pod = api.objects.get(podPath(name));
  if (pod) api.put(podPath(name), { ...pod, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
};
const reason = (api: TestApiServer) =>
  (api.objects.get(chainPath)?.status as { conditions: { reason: string }[] } | undefined)?.conditions[0]?.reason;

test('a pod of a chain has its place, also for a daemon that does not know the chains yet', async () => {
  const { api, store, reconciler, run } = await node();
  api.put(chainPath, chainOf('firewall', 'nat'));
  run();
  await vi.waitFor(() => expect(api.objects.has(podPath('nat'))).toBe(true));
  const place = { chain: 'shop/edge', function: 'nat', functions: ['firewall', 'nat'] };
  expect(await reconciler.of({ namespace: 'shop', name: 'nat' })).toEqual(place);
  const next = await node({ api, store });
  const early = next.reconciler.of({ namespace: 'shop', name: 'nat' });
  next.run();
  expect(await early).toEqual(place);
});

test('a pod of no chain has none, whatever label it carries', async () => {
  const { api, reconciler, run } = await node();
  const labels = { 'dpu.config.openshift.io/chain': 'edge' };
  const pod = { apiVersion: 'v1', kind: 'Pod', spec: { containers: [] } };
  api.put(podPath('by-hand'), { ...pod, metadata: { name: 'by-hand', namespace: 'shop' } });
  api.put(podPath('labelled'), { ...pod, metadata: { name: 'labelled', namespace: 'shop', labels } });
  run();
  for (const name of ['by-hand', 'labelled', 'nowhere']) {
    expect(await reconciler.of({ namespace: 'shop', name })).toBeUndefined();
  }
});

test('tells the DPUs the order, and says what their VSP answers', async () => {
  const { api, reconciler, orders, state, run } = await node();
  api.put(chainPath, chainOf('firewall', 'nat'));
  run();
  await vi.waitFor(() => expect(api.objects.has(podPath('nat'))).toBe(true));
  for (const name of ['firewall', 'nat']) withStatus(api, name);
  await vi.waitFor(() => expect(reason(api)).toBe('Running'));
  state.now = { phase: 'refused', dpuName: 'a-dpu', message: 'no' };
  reconciler.reconsider();
  await vi.waitFor(() => expect(reason(api)).toBe('ChainRefused'));
  const former = api.objects.get(chainPath);
  api.put(chainPath, { ...former, ...chainOf('nat', 'firewall') });
  await vi.waitFor(() => expect(orders.at(-1)).toEqual(['nat', 'firewall']));
  expect(orders[0]).toEqual(['firewall', 'nat']);
});

test('keeps pods and condition while the labels of the node are not known, and goes by them again afterwards', async () => {
  const { api, reconciler, orders, labels, run } = await node();
  const selecting = (...names: string[]) => {
    const { spec, ...chain } = chainOf(...names);
    api.put(chainPath, { ...api.objects.get(chainPath), ...chain, spec: { ...spec, nodeSelector: { zone: 'a' } } });
  };
  labels.now = { zone: 'a' };
  selecting('firewall');
  run();
  await vi.waitFor(() => expect(api.objects.has(podPath('firewall'))).toBe(true));
  withStatus(api, 'firewall');
  await vi.waitFor(() => expect(reason(api)).toBe('Running'));
  labels.now = undefined;
  // The order is told first; when the second one is, the first round is over.
  for (const other of ['nat', 'router']) {
    selecting('firewall', other);
    await vi.waitFor(() => expect(orders.at(-1)).toEqual(['firewall', other]));
  }
  expect(api.writes.filter((write) => write.startsWith('DELETE'))).toEqual([]);
  expect([api.objects.has(podPath('nat')), reason(api)]).toEqual([false, 'Running']);
  labels.now = { zone: 'b' };
  reconciler.reconsider();
  await vi.waitFor(() => expect(reason(api)).toBe('NoNode'));
  expect(api.objects.has(podPath('firewall'))).toBe(false);
});
