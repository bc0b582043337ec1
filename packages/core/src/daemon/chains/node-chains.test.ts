import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { TestApiServer } from '../testing/api-server.ts';
import type { ChainOrder } from './chain-order.ts';
import { NodeChains } from './node-chains.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const chainPath = '/apis/config.openshift.io/v1/namespaces/shop/servicefunctionchains/edge';

interface Said {
  node?: string;
  /** uid of a function's pod. */
  uids?: Record<string, string>;
  generation?: number;
  reason?: string;
  network?: string;
  /** Of the network that the operator has looked up last. */
  found?: { network: string; logicalBridge: string };
}

function chainOf(functions: string[], { node, uids = {}, generation = 1, reason, network, found }: Said = {}) {
  const condition = { type: 'Ready', status: 'False', message: '', lastTransitionTime: '2026-01-01T00:00:00Z', reason };
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'ServiceFunctionChain',
    metadata: { name: 'edge', namespace: 'shop', generation },
    spec: { networkFunctions: functions.map((name) => ({ name, image: `${name}:1` })), ...(network && { network }) },
    status: {
      ...(node && { node }),
      ...found,
      functions: Object.entries(uids).map(([name, podUid]) => ({ name, podUid })),
      conditions: reason ? [condition] : [],
    },
  };
}

async function nodeChains({ waitMs = 20_000 }: { waitMs?: number } = {}) {
  const api = new TestApiServer();
  const store = await api.start();
  const orders: ChainOrder[] = [];
  const chains = new NodeChains({
    store,
    nodeName: 'dpu-1',
    orders: { setOrder: async (order) => void orders.push(order) },
    logger,
    waitMs,
  });
  const stop = new AbortController();
  cleanups.push(() => {
    stop.abort();
    store.client.close();
    api.close();
  });
  const run = () => void chains.start(stop.signal).catch(() => {});
  return { api, chains, orders, run };
}

const nat = { namespace: 'shop', name: 'nat', uid: 'u-nat' };
const place = { chain: 'shop/edge', function: 'nat', functions: ['firewall', 'nat'], generation: 1 };

test('a pod is the function that the chain says of its uid, also for a daemon that does not know the chains yet', async () => {
  const { api, chains, run } = await nodeChains();
  api.put(chainPath, chainOf(['firewall', 'nat'], { node: 'dpu-1', uids: { nat: 'u-nat' } }));
  const early = chains.of(nat);
  run();
  expect(await early).toEqual(place);
  expect(await chains.of({ namespace: 'shop', name: 'nat' })).toEqual(place);
});

test('a pod that comes before the chain names it is waited for', async () => {
  const { api, chains, run } = await nodeChains();
  api.put(chainPath, chainOf(['firewall', 'nat'], { node: 'dpu-1', uids: { nat: 'u-earlier' } }));
  run();
  const asked = chains.of(nat);
  // Known by then that the pod may be one of the chain.
  expect(await chains.of({ ...nat, uid: 'u-earlier' })).toEqual(place);
  api.put(chainPath, chainOf(['firewall', 'nat'], { node: 'dpu-1', uids: { nat: 'u-nat' } }));
  expect(await asked).toEqual(place);
});

test('a pod whose name no chain has is of none, at once', async () => {
  const { api, chains, run } = await nodeChains();
  api.put(chainPath, chainOf(['firewall']));
  run();
  for (const pod of [nat, { ...nat, namespace: 'other', name: 'firewall' }]) {
    expect(await chains.of(pod)).toBeUndefined();
  }
});

test('a pod that the chain does not name in time comes again, unless the operator has made none', async () => {
  const { api, chains, run } = await nodeChains({ waitMs: 50 });
  api.put(chainPath, chainOf(['nat'], { reason: 'Pending' }));
  run();
  // The first may not wait long enough for the cache; both answers ask for another try.
  await expect(chains.of(nat)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await vi.waitFor(() => expect(chains.of(nat)).rejects.toThrow('chain shop/edge has a function nat'));
  api.put(chainPath, chainOf(['nat'], { reason: 'PodConflict' }));
  await vi.waitFor(async () => expect(await chains.of(nat)).toBeUndefined());
  // Another function's conflict: this one has run, and the pod is its next.
  api.put(chainPath, chainOf(['nat'], { uids: { nat: 'u-earlier' }, reason: 'PodConflict' }));
  await vi.waitFor(() => expect(chains.of(nat)).rejects.toMatchObject({ code: 'UNAVAILABLE' }));
});

test('the DPUs are told the order of the chains of this node, each time it changes', async () => {
  const { api, orders, run } = await nodeChains();
  const elsewhere = chainOf(['nat'], { node: 'dpu-2' });
  api.put(chainPath.replace('edge', 'other'), { ...elsewhere, metadata: { ...elsewhere.metadata, name: 'other' } });
  api.put(chainPath, chainOf(['firewall', 'nat'], { node: 'dpu-1' }));
  run();
  await vi.waitFor(() => expect(orders).toHaveLength(1));
  api.put(chainPath, chainOf(['nat', 'firewall'], { node: 'dpu-1', generation: 2 }));
  await vi.waitFor(() => expect(orders).toHaveLength(2));
  expect(orders).toEqual([
    { chain: 'shop/edge', functions: ['firewall', 'nat'], generation: 1 },
    { chain: 'shop/edge', functions: ['nat', 'firewall'], generation: 2 },
  ]);
});

test('a chain of a network is told with its bridge, once the operator has found that', async () => {
  const { api, chains, orders, run } = await nodeChains();
  const [blue, red] = [
    { network: 'blue', logicalBridge: 'vlan-7' },
    { network: 'red', logicalBridge: 'vlan-9' },
  ];
  const uids = { nat: 'u-nat' };
  api.put(chainPath, chainOf(['nat'], { node: 'dpu-1', uids, network: 'blue', found: blue }));
  run();
  await vi.waitFor(() => expect(orders).toHaveLength(1));
  expect(await chains.of(nat)).toMatchObject({ function: 'nat', logicalBridge: 'vlan-7' });
  api.put(chainPath, chainOf(['nat'], { node: 'dpu-1', uids, network: 'red', generation: 2, found: blue }));
  await vi.waitFor(async () => expect(await chains.of(nat)).toMatchObject({ generation: 2, logicalBridge: 'vlan-7' }));
  api.put(chainPath, chainOf(['nat'], { node: 'dpu-1', uids, network: 'red', generation: 2, found: red }));
  await vi.waitFor(() => expect(orders).toHaveLength(2));
  expect(orders).toEqual([
    { chain: 'shop/edge', functions: ['nat'], generation: 1, logicalBridge: 'vlan-7' },
    { chain: 'shop/edge', functions: ['nat'], generation: 2, logicalBridge: 'vlan-9' },
  ]);
});
