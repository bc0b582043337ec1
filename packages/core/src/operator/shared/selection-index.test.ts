import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DataProcessingUnit, dataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import {
  type DataProcessingUnitConfig,
  dataProcessingUnitConfig,
} from '../../api/kinds/data-processing-unit-config.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { Informer, type KubeObject } from '../../kube/index.ts';
import { SelectionIndex } from './selection-index.ts';

const logger = pino({ enabled: false });
const group = '/apis/config.openshift.io/v1';
const configPath = (name: string) => `${group}/namespaces/ns/dataprocessingunitconfigs/${name}`;
const dpuPath = (name: string) => `${group}/dataprocessingunits/${name}`;

let server: TestApiServer;
let stop: AbortController;
let dpus: Informer<DataProcessingUnit>;
let configs: Informer<DataProcessingUnitConfig>;
let index: SelectionIndex;

beforeEach(async () => {
  server = new TestApiServer();
  stop = new AbortController();
  const store = await server.start();
  dpus = new Informer(store, dataProcessingUnit, { logger });
  configs = new Informer(store, dataProcessingUnitConfig, { logger });
  index = new SelectionIndex(dpus, configs);
  await Promise.all([dpus, configs].map((informer) => informer.start(stop.signal)));
});

afterEach(() => {
  stop.abort();
  server.close();
});

function putDpu(name: string, labels: Record<string, string>): void {
  const { apiVersion, kind } = dataProcessingUnit;
  server.put(dpuPath(name), {
    apiVersion,
    kind,
    metadata: { name, labels },
    spec: { isDpuSide: true, nodeName: name },
  });
}

function putConfig(name: string, spec: DataProcessingUnitConfig['spec']): void {
  const { apiVersion, kind } = dataProcessingUnitConfig;
  server.put(configPath(name), { apiVersion, kind, metadata: { name, namespace: 'ns' }, spec });
}

const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name).sort();

function configsFor(name: string): string[] {
  const dpu = dpus.get(name);
  return dpu ? names(index.configsFor(dpu)) : [];
}

function dpusFor(name: string): string[] {
  const config = configs.get(name, 'ns');
  return config ? names(index.dpusFor(config)) : [];
}

test('both ways it answers what a look at all would, whatever changes', async () => {
  putDpu('a', { side: 'host', rack: '1' });
  putDpu('b', { side: 'dpu', rack: '1' });
  putConfig('all', {});
  putConfig('hosts', { dpuSelector: { matchLabels: { side: 'host' } } });
  putConfig('both', { dpuSelector: { matchLabels: { rack: '1', side: 'dpu' } } });
  putConfig('racked', { dpuSelector: { matchExpressions: [{ key: 'rack', operator: 'Exists' }] } });
  await vi.waitFor(() => expect([dpus.size, configs.size]).toEqual([2, 4]));
  expect(configsFor('a')).toEqual(['all', 'hosts', 'racked']);
  expect(configsFor('b')).toEqual(['all', 'both', 'racked']);
  expect([dpusFor('all'), dpusFor('hosts'), dpusFor('both')]).toEqual([['a', 'b'], ['a'], ['b']]);

  putDpu('a', { side: 'dpu', rack: '1' });
  putConfig('hosts', { dpuSelector: { matchLabels: { side: 'dpu' } } });
  server.delete(configPath('racked'));
  await vi.waitFor(() => expect(configs.size).toBe(3));
  await vi.waitFor(() => expect(configsFor('a')).toEqual(['all', 'both', 'hosts']));
  expect(dpusFor('hosts')).toEqual(['a', 'b']);
});

test('it knows the configs whose settings name a node', async () => {
  putConfig('one', { settings: { peers: ['{nodeIp:n1}:50051', '{nodeIp:n2}'] } });
  putConfig('other', { settings: { peer: '{nodeIp:n2}' } });
  await vi.waitFor(() => expect(names(index.configsNaming('n2'))).toEqual(['one', 'other']));
  putConfig('other', { settings: {} });
  await vi.waitFor(() => expect(names(index.configsNaming('n2'))).toEqual(['one']));
  expect(index.configsNaming('n3')).toEqual([]);
});
