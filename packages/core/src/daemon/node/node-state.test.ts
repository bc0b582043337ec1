import type { DpuSide } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { Node } from '../../kube/index.ts';
import { TestApiServer } from '../testing/api-server.ts';
import { NodeState } from './node-state.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const label = 'dpu.config.openshift.io/dpuside';
const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { [label]: 'dpu' } } };

async function nodeState(sides: DpuSide[], known = true) {
  const api = new TestApiServer();
  const store = await api.start();
  cleanups.push(() => {
    store.client.close();
    api.close();
  });
  if (known) api.put('/api/v1/nodes/node-1', { ...node });
  const seen = { looked: false, uninstalling: false };
  const done: string[] = [];
  const state = new NodeState({
    store,
    nodeName: 'node-1',
    node: () => node,
    hasLooked: () => seen.looked,
    sides: () => new Set(sides),
    isUninstalling: () => seen.uninstalling,
    services: { start: async () => void done.push('start'), remove: async () => void done.push('remove') },
    logger: pino({ level: 'silent' }),
  });
  return { state, api, seen, done };
}

test('the label of an earlier daemon stays until this one has looked for DPUs', async () => {
  const { state, api, seen } = await nodeState([]);
  await state.settle();
  expect(api.writes).toEqual([]);
  seen.looked = true;
  await state.settle();
  expect(api.objects.get('/api/v1/nodes/node-1')?.metadata.labels).toEqual({});
});

test('pods are served although the label cannot be written', async () => {
  const { state, seen, done } = await nodeState(['host'], false);
  seen.looked = true;
  await expect(state.settle()).rejects.toThrow('not found');
  expect(done).toEqual(['start']);
});

test('an uninstallation waits for the last DPU', async () => {
  const sides: DpuSide[] = ['dpu'];
  const { state, seen, done } = await nodeState(sides);
  seen.uninstalling = true;
  await state.settle();
  sides.pop();
  await state.settle();
  expect(done).toEqual(['start', 'remove']);
});
