import { afterEach, beforeEach, expect, test } from 'vitest';
import { annotations } from '../../../api/index.ts';
import type { KubeStore } from '../../../kube/index.ts';
import { TestApiServer } from '../../testing/api-server.ts';
import { orderVspRestart } from './vsp-restart.ts';

const path = '/apis/config.openshift.io/v1/dataprocessingunits/a';
let server: TestApiServer;
let store: KubeStore;

beforeEach(async () => {
  server = new TestApiServer();
  store = await server.start();
});
afterEach(() => server.close());

function order(): string {
  const all = server.objects.get(path)?.metadata.annotations as Record<string, string> | undefined;
  return `${all?.[annotations.restartVsp]}`;
}

test('an order is given once until it is carried out, with a time by the clock of the API server', async () => {
  server.clockAheadMs = 24 * 3_600_000;
  server.put(path, {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: 'a', annotations: { [annotations.plugin]: 'p' } },
    spec: { isDpuSide: false, nodeName: 'n' },
  });
  // Its clock tells whole seconds.
  const before = Date.now() + server.clockAheadMs - 1_000;
  await orderVspRestart(store, 'a');
  const first = order();
  expect(Date.parse(first)).toBeGreaterThanOrEqual(before);
  expect(server.objects.get(path)).toMatchObject({ metadata: { annotations: { [annotations.plugin]: 'p' } } });
  await orderVspRestart(store, 'a');
  expect(order()).toBe(first);
});

test('a DPU without an object is no error', async () => {
  await orderVspRestart(store, 'a');
  expect(server.writes).toEqual([]);
});
