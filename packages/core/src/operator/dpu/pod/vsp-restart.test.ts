import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataProcessingUnit, dataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { annotations, operatorNamespace } from '../../../api/names/names.ts';
import { TestApiServer } from '../../../daemon/testing/api-server.ts';
import type { KubeStore } from '../../../kube/index.ts';
import { isMeant, obeyVspRestart } from './vsp-restart.ts';

const dpuPath = '/apis/config.openshift.io/v1/dataprocessingunits/a';
const podPath = `/api/v1/namespaces/${operatorNamespace}/pods/vsp-a`;
const order = '2026-01-01T00:01:00Z';

let api: TestApiServer;
let store: KubeStore;

beforeEach(async () => {
  api = new TestApiServer();
  store = await api.start();
});
afterEach(() => {
  store.client.close();
  api.close();
});

/** @returns the DPU as the cache shows it */
function ordered(at: string): DataProcessingUnit {
  api.put(dpuPath, {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: 'a', annotations: { [annotations.restartVsp]: at } },
    spec: { isDpuSide: true, nodeName: 'node-a' },
  });
  return dataProcessingUnit.schema.parse(api.objects.get(dpuPath));
}

function putPod(ownerUid: string | undefined): void {
  const owner = { apiVersion: 'config.openshift.io/v1', kind: 'DataProcessingUnit', name: 'a', uid: ownerUid };
  api.put(podPath, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'vsp-a',
      namespace: operatorNamespace,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ownerReferences: [owner],
    },
    spec: { containers: [] },
  });
}

const obey = (dpu: DataProcessingUnit) => obeyVspRestart(store, dpu, operatorNamespace);
const annotationsNow = () => api.objects.get(dpuPath)?.metadata.annotations;

test('the order is taken off, then the pod goes', async () => {
  const dpu = ordered(order);
  putPod(dpu.metadata.uid);
  expect(await obey(dpu)).toBe(true);
  expect(api.writes).toEqual([`PATCH ${dpuPath}`, `DELETE ${podPath}`]);
  expect(annotationsNow()).toEqual({});
});

test('nothing is deleted for an order that is not the present one', async () => {
  const dpu = ordered(order);
  putPod(dpu.metadata.uid);
  const later = '2026-01-01T00:02:00Z';
  ordered(later);
  expect(await obey(dpu)).toBe(false);
  expect(api.objects.has(podPath)).toBe(true);
  expect(annotationsNow()).toEqual({ [annotations.restartVsp]: later });
});

test("a pod of that name that is not this DPU's is left alone", async () => {
  const dpu = ordered(order);
  putPod('another');
  expect(await obey(dpu)).toBe(false);
  expect(api.objects.has(podPath)).toBe(true);
  expect(annotationsNow()).toEqual({});
});

const pod = (creationTimestamp: string, deletionTimestamp?: string) => ({
  metadata: { name: 'vsp-a', creationTimestamp, deletionTimestamp },
});

test.each([
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:09Z'), true],
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:10Z'), false],
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:11Z'), false],
  ['2026-01-01T00:00:10.500Z', pod('2026-01-01T00:00:01Z', '2026-01-01T00:00:10Z'), false],
  ['now', pod('2026-01-01T00:00:01Z'), true],
])('an order of %s and a pod %o: %s', (order, found, expected) => {
  expect(isMeant(order, found)).toBe(expected);
});
