import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TestApiServer } from '../../../../daemon/testing/api-server.ts';
import { UnplacedPods } from './unplaced-pods.ts';

let server: TestApiServer;
let looks: (readonly string[])[];
let unplaced: UnplacedPods;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.parse('2026-01-01T12:00:00.500Z') });
  looks = [];
  server = new TestApiServer();
  const store = await server.start();
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

async function look(): Promise<void> {
  const before = looks.length;
  await vi.advanceTimersByTimeAsync(5_000);
  await vi.waitFor(() => expect(looks.length).toBeGreaterThan(before));
}

test('those count that came after an eviction, ask for a DPU and cannot be scheduled', async () => {
  put('old', '2026-01-01T11:59:59Z', 'openshift.io/dpu');
  put('other', '2026-01-01T12:00:01Z', 'cpu');
  put('placed', '2026-01-01T12:00:01Z', 'openshift.io/dpu', 'True');
  put('web', '2026-01-01T12:00:00Z', 'openshift.io/dpu');
  put('net', '2026-01-01T12:00:01Z', 'openshift.io/dpunetwork-blue');
  unplaced.evicted();
  await look();
  expect(looks[0]).toEqual(['shop/web', 'shop/net']);
});

test('a minute after the last eviction nobody is asked any more, unless pods wait, and not for ever for these', async () => {
  unplaced.evicted();
  await look();
  expect(vi.getTimerCount()).toBe(1);
  vi.setSystemTime(Date.now() + 60_000);
  await look();
  expect(vi.getTimerCount()).toBe(0);
  unplaced.evicted();
  put('web', new Date().toISOString(), 'openshift.io/dpu');
  vi.setSystemTime(Date.now() + 120_000);
  await look();
  expect(looks.at(-1)).toEqual(['shop/web']);
  expect(vi.getTimerCount()).toBe(1);
  vi.setSystemTime(Date.now() + 1_800_000);
  await look();
  expect(looks.at(-1)).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});
