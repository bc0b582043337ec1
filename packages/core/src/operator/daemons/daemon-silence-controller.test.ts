/** A daemon that falls silent, with the real daemon's Lease and DPUs on an API server in memory. */
import 'reflect-metadata';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DataProcessingUnit, dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { labels, operatorNamespace } from '../../api/names/names.ts';
import { DpuObjects } from '../../daemon/dpu/status/dpu-objects.ts';
import { NodeLease } from '../../daemon/node/node-lease.ts';
import { there } from '../../daemon/presence.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { type Controller, EventRecorder, Informer, type KubeStore } from '../../kube/index.ts';
import { Caches } from '../shared/caches.ts';
import { parseEnvironment } from '../shared/environment.ts';
import { DaemonLeases } from './daemon-leases.ts';
import { DaemonSilenceController } from './daemon-silence-controller.ts';

const logger = pino({ enabled: false });
const dpuPath = '/apis/config.openshift.io/v1/dataprocessingunits/dpu-a';
const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/dpu-daemon-node-a`;
const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: 'serves pods' } as const;

const nodePath = '/api/v1/nodes/node-a';
const node = (labels: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-a', labels },
});

let server: TestApiServer;
let store: KubeStore;
let stop: AbortController;

beforeEach(async () => {
  server = new TestApiServer();
  store = await server.start();
  stop = new AbortController();
  server.put(dpuPath, {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: 'dpu-a' },
    spec: { isDpuSide: false, nodeName: 'node-a' },
    status: { conditions: [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });
  server.put(nodePath, node({ dpu: 'true' }));
});
afterEach(() => {
  stop.abort();
  server.close();
});

async function startOperator(): Promise<Controller> {
  const environment = parseEnvironment({}, 'operator');
  const caches = new Caches(store, environment, logger);
  const events = new EventRecorder(store, 'operator', 'operator', logger);
  const leases = new DaemonLeases(store, caches, environment);
  const { controller } = new DaemonSilenceController(store, caches, environment, events, logger, leases);
  await caches.start(stop.signal);
  void controller.start(stop.signal);
  return controller;
}

function putLease(renewTime: string): void {
  server.put(leasePath, {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'dpu-daemon-node-a', namespace: operatorNamespace, labels: { app: 'dpu-daemon' } },
    spec: { leaseDurationSeconds: 1, renewTime },
  });
}

function condition(): unknown {
  const { status } = server.objects.get(dpuPath) as unknown as DataProcessingUnit;
  return status?.conditions?.[0];
}

const silent = { status: 'Unknown', reason: 'DaemonSilent', message: expect.stringContaining('node-a') };

test('Ready of a silent daemon is Unknown, once, until the daemon writes it again', async () => {
  await startOperator();
  putLease('2026-01-01T00:00:00.000000Z');
  await vi.waitFor(() => expect(condition()).toMatchObject(silent), 5_000);
  const writes = server.writes.filter((write) => write.includes('dataprocessingunits'));
  expect(writes).toEqual([`PATCH ${dpuPath}/status`]);

  // The daemon is back: it is told of the object, and what that says is not what it says.
  const objects = new DpuObjects({
    store,
    events: new EventRecorder(store, 'daemon', 'daemon', logger),
    nodeName: 'node-a',
  });
  const informer = new Informer(store, dataProcessingUnit, { logger });
  informer.onChange(
    (object) =>
      void objects.writeStatus(object, {
        ready,
        others: [],
        vsp: undefined,
        channel: undefined,
        drain: undefined,
        chains: undefined,
        networks: undefined,
        hosts: undefined,
        card: undefined,
      }),
  );
  await informer.start(stop.signal);
  await vi.waitFor(() => expect(condition()).toMatchObject(ready));
});

test('what the API server says counts, not what a watch that stands still has seen', async () => {
  await startOperator();
  const get = vi.spyOn(store, 'get');
  const writesBefore = Promise.withResolvers<readonly string[]>();
  // As a watch that is behind: the operator sees one renewal, and asks when its time is over.
  get.mockImplementationOnce(async () => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'dpu-daemon-node-a', namespace: operatorNamespace },
    spec: { leaseDurationSeconds: 1, renewTime: '2026-01-01T00:00:10.000000Z' },
  }));
  // Only when the second one's time is over too.
  get.mockImplementationOnce(async () => {
    writesBefore.resolve([...server.writes]);
    throw new Error('the API server is busy');
  });
  putLease('2026-01-01T00:00:00.000000Z');
  expect(await writesBefore.promise).toEqual([]);
  putLease('2026-01-01T00:00:10.000000Z');
  await vi.waitFor(() => expect(condition()).toMatchObject(silent), 5_000);
});

test.each<[string, () => void]>([
  ['is gone', () => server.delete(nodePath)],
  ['has lost its labels', () => server.put(nodePath, node({}))],
])('the Lease of a silent daemon stays until its node %s', async (_case, leave) => {
  const controller = await startOperator();
  server.put(nodePath, node({ [labels.nodeSide]: 'dpu' }));
  putLease('2026-01-01T00:00:00.000000Z');
  await vi.waitFor(() => expect(condition()).toMatchObject(silent), 5_000);
  await vi.waitFor(() => expect(controller.isIdle).toBe(true));
  expect(server.objects.has(leasePath)).toBe(true);
  leave();
  await vi.waitFor(() => expect(server.objects.has(leasePath)).toBe(false));
});

test('a Lease whose node left before this operator came goes too', async () => {
  server.delete(nodePath);
  putLease('2026-01-01T00:00:00.000000Z');
  await startOperator();
  await vi.waitFor(() => expect(server.objects.has(leasePath)).toBe(false), 5_000);
});

test('a DPU without a Lease keeps what its daemon said', async () => {
  await startOperator();
  putLease('2026-01-01T00:00:00.000000Z');
  server.put(`${dpuPath}-old`, {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: 'dpu-a-old' },
    spec: { isDpuSide: false, nodeName: 'node-b' },
    status: { conditions: [{ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' }] },
  });
  await vi.waitFor(() => expect(condition()).toMatchObject(silent), 5_000);
  expect(server.objects.get(`${dpuPath}-old`)?.status).toMatchObject({ conditions: [ready] });
});

test('the Lease of a daemon that works is renewed, made again when deleted, and goes with the configuration', async () => {
  const config = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DpuOperatorConfig',
    metadata: { name: 'dpu-operator-config', uid: 'uid-of-config' },
    spec: { logLevel: 0, mode: 'auto', defaultNetwork: undefined },
  } as const;
  const lease = new NodeLease({
    store,
    namespace: operatorNamespace,
    nodeName: 'node-a',
    podName: 'dpu-daemon-x',
    owner: () => there(config),
    logger,
    renewMs: 5,
  });
  const kept = lease.keep(stop.signal);
  const renewTime = () => (server.objects.get(leasePath)?.spec as { renewTime: string } | undefined)?.renewTime;
  await vi.waitFor(() => expect(renewTime()).toMatch(/\.\d{6}Z$/));
  expect(server.objects.get(leasePath)).toMatchObject({
    metadata: { labels: { app: 'dpu-daemon' }, ownerReferences: [{ uid: 'uid-of-config' }] },
    spec: { holderIdentity: 'dpu-daemon-x', leaseDurationSeconds: 35 },
  });
  const first = renewTime();
  await vi.waitFor(() => expect(renewTime()).not.toBe(first));
  server.delete(leasePath);
  await vi.waitFor(() => expect(renewTime()).toBeDefined());
  stop.abort();
  await kept;
});
