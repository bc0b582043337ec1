import 'reflect-metadata';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { Caches } from './caches.ts';

test("a node's architecture is what its kubelet's label says, and its DPUs are looked at when that comes", async () => {
  const server = new TestApiServer();
  const stop = new AbortController();
  const caches = new Caches(await server.start(), { namespace: 'ns' }, pino({ enabled: false }));
  const { apiVersion, kind } = dataProcessingUnit;
  server.put(`/apis/${apiVersion}/dataprocessingunits/a`, {
    apiVersion,
    kind,
    metadata: { name: 'a' },
    spec: { isDpuSide: true, nodeName: 'n' },
  });
  const putNode = (labels: object) =>
    server.put('/api/v1/nodes/n', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', labels } });
  putNode({});
  await caches.start(stop.signal);
  expect(caches.architectureOf('n')).toBeUndefined();
  const heard = vi.fn();
  caches.onNodeOfDpus(heard);
  heard.mockClear();
  putNode({ other: 'label' });
  putNode({ 'kubernetes.io/arch': 'arm64' });
  await vi.waitFor(() => expect(caches.architectureOf('n')).toBe('arm64'));
  expect(heard).toHaveBeenCalledTimes(1);
  stop.abort();
  server.close();
});
