import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TestApiServer } from '../../../../daemon/testing/api-server.ts';
import { type KubeStore, pod } from '../../../../kube/index.ts';
import { UnplacedPods } from './unplaced-pods.ts';

let server: TestApiServer;
let store: KubeStore;
let looks: (readonly string[])[];
let unplaced: UnplacedPods;

beforeEach(async () => {
  vi.useFakeTimers({
    toFake: ['setInterval', 'clearInterval', 'Date', 'performance'],
    now: Date.parse('2026-01-01T12:00:00Z'),
  });
  looks = [];
  server = new TestApiServer();
  store = await server.start();
  unplaced = new UnplacedPods({ store, logger: pino({ enabled: false }), onLook: (pods) => looks.push(pods) });
});
afterEach(() => {
  vi.useRealTimers();
  server.close();
});

function put(name: string, creationTimestamp: string, resource: string, isScheduled: 'True' | 'False' = 'False'): void {
  server.put(`/api/v1/namespaces/shop/pods/${name}`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', creationTimestamp },
    spec: { containers: [{ name: 'app', resources: { requests: { [resource]: '1' } } }] },
    status: { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: isScheduled }] },
  });
}

const isSaid = (...pods: string[]) => vi.waitFor(() => expect(looks.at(-1)).toEqual(pods));

test('those count that came after an eviction, ask for a DPU and cannot be scheduled', async () => {
  put('old', '2026-01-01T11:59:59Z', 'openshift.io/dpu');
  put('other', '2026-01-01T12:00:01Z', 'cpu');
  put('placed', '2026-01-01T12:00:01Z', 'openshift.io/dpu', 'True');
  put('web', '2026-01-01T12:00:00Z', 'openshift.io/dpu');
  put('net', '2026-01-01T12:00:01Z', 'openshift.io/dpunetwork-blue');
  unplaced.evicted();
  await isSaid('shop/web', 'shop/net');
});

test.each([24, -24])(
  'the clock of the API server says which came after it, where that is %d hours ahead',
  async (hours) => {
    server.clockAheadMs = hours * 3_600_000;
    await store.get(pod, 'any', 'shop');
    const at = (ms: number) => new Date(Date.now() + server.clockAheadMs + ms).toISOString();
    put('old', at(-60_000), 'openshift.io/dpu');
    put('web', at(1_000), 'openshift.io/dpu');
    unplaced.evicted();
    await isSaid('shop/web');
  },
);

test('that one comes, or has found a place, is said without a look at the clock', async () => {
  unplaced.evicted();
  await isSaid();
  put('web', '2026-01-01T12:00:01Z', 'openshift.io/dpu');
  await isSaid('shop/web');
  put('web', '2026-01-01T12:00:01Z', 'openshift.io/dpu', 'True');
  await isSaid();
});

test('a minute after the last eviction the watch ends, unless pods wait, and not for ever for these', async () => {
  unplaced.evicted();
  await isSaid();
  // The server's clock is known to the second, and looks are 5 s apart.
  vi.advanceTimersByTime(65_000);
  expect(vi.getTimerCount()).toBe(0);
  unplaced.evicted();
  await vi.waitFor(() => expect(looks.length).toBeGreaterThan(12));
  put('web', new Date().toISOString(), 'openshift.io/dpu');
  await isSaid('shop/web');
  vi.advanceTimersByTime(120_000);
  await isSaid('shop/web');
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1_800_000);
  await isSaid();
  expect(vi.getTimerCount()).toBe(0);
});
