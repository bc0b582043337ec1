import type { DpuSide } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import type { Node } from '../../kube/index.ts';
import type { Attachment } from '../attach/record/attachment.ts';
import { attachmentOf } from '../attach/testing/attachment.ts';
import { TestApiServer } from '../testing/api-server.ts';
import type { NodeOrder } from './node-order.ts';
import { NodeState } from './node-state.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const nodePath = '/api/v1/nodes/node-1';
const label = 'dpu.config.openshift.io/dpuside';
const node: Node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-1', labels: { [label]: 'dpu' } } };

const leaving = { is: 'leave', by: 'config', reason: 'deleted' } as const;

async function nodeState(sides: DpuSide[], known = true) {
  const api = new TestApiServer();
  const store = await api.start();
  cleanups.push(() => {
    store.client.close();
    api.close();
  });
  if (known) api.put(nodePath, { ...node });
  const cluster: { node: Node; order: NodeOrder } = { node, order: { is: 'serve', mode: 'auto' } };
  const nodeDpus = { hasLooked: false, hasObjects: false, sides: () => new Set(sides) };
  const done: string[] = [];
  const told: string[] = [];
  const attachments: Attachment[] = [];
  const unreadable: { path: string; reason: string }[] = [];
  const state = new NodeState({
    store,
    nodeName: 'node-1',
    cluster,
    nodeDpus,
    services: {
      start: async () => void done.push('start'),
      uninstall: async () => void done.push('uninstall'),
      remove: async () => void done.push('remove'),
    },
    attachments: { list: () => attachments, unreadable: () => unreadable },
    events: { event: async (_object, { message }) => void told.push(message) },
    logger: pino({ level: 'silent' }),
  });
  const labels = () => api.objects.get(nodePath)?.metadata.labels;
  return { state, api, cluster, nodeDpus, done, labels, attachments, unreadable, told };
}

test('the label of an earlier daemon stays until this one has looked for DPUs', async () => {
  const { state, api, nodeDpus, labels } = await nodeState([]);
  await state.reconcile();
  expect(api.writes).toEqual([]);
  nodeDpus.hasLooked = true;
  await state.reconcile();
  expect(labels()).toEqual({});
});

test('pods are served although the label cannot be written', async () => {
  const { state, nodeDpus, done } = await nodeState(['host'], false);
  nodeDpus.hasLooked = true;
  await expect(state.reconcile()).rejects.toThrow('not found');
  expect(done).toEqual(['start']);
});

test('an uninstallation waits for the last DPU', async () => {
  const sides: DpuSide[] = ['dpu'];
  const { state, cluster, nodeDpus, done } = await nodeState(sides);
  nodeDpus.hasLooked = true;
  cluster.order = leaving;
  await state.reconcile();
  sides.pop();
  await state.reconcile();
  expect(done).toEqual(['start', 'remove']);
});

test('on a node that lost its label, the label that keeps the daemon there goes after the last finalizer', async () => {
  const { state, cluster, nodeDpus, done, labels } = await nodeState([]);
  Object.assign(nodeDpus, { hasLooked: true, hasObjects: true });
  cluster.order = { ...leaving, by: 'nodeLabel' };
  await state.beforeRelease();
  expect([done, labels()]).toEqual([['remove'], { [label]: 'dpu' }]);
  nodeDpus.hasObjects = false;
  await state.reconcile();
  expect(labels()).toEqual({});
  // The node has neither label now: nothing is put back on it.
  cluster.order = { is: 'wait', reason: 'no label' };
  await state.reconcile();
  expect(done).toEqual(['remove', 'remove']);
});

const records = [
  ['an attachment whose addresses could not be given back', 'attachments', 'net1 of container pod'],
  ['a record that cannot be read', 'unreadable', 'a.json (it is not JSON)'],
] as const;

test.each(records)(
  '%s keeps the daemon on a node that is to be left, until it is undone',
  async (_case, kind, what) => {
    const { state, cluster, nodeDpus, done, told, labels, ...left } = await nodeState([]);
    Object.assign(nodeDpus, { hasLooked: true, hasObjects: true });
    cluster.order = { ...leaving, by: 'nodeLabel' };
    if (kind === 'attachments') left.attachments.push(attachmentOf({ state: 'detaching', deviceIsBack: true }));
    else left.unreadable.push({ path: 'a.json', reason: 'it is not JSON' });
    await expect(state.beforeRelease()).rejects.toThrow(what);
    expect(told).toEqual([expect.stringContaining(what)]);
    nodeDpus.hasObjects = false;
    await state.reconcile();
    expect([done, labels()]).toEqual([['start', 'start'], { [label]: 'dpu' }]);
    left[kind].length = 0;
    await state.beforeRelease();
    expect([done.at(-1), labels()]).toEqual(['remove', {}]);
  },
);

test('a node without a DPU has nothing of the services, so that it may lose its label at any time', async () => {
  const { state, nodeDpus, done, labels, attachments } = await nodeState([]);
  await state.reconcile();
  expect(done).toEqual([]);
  nodeDpus.hasLooked = true;
  attachments.push(attachmentOf());
  await state.reconcile();
  expect([done, labels()]).toEqual([['start'], { [label]: 'dpu' }]);
  attachments.length = 0;
  await state.reconcile();
  expect([done, labels()]).toEqual([['start', 'uninstall'], {}]);
});

test.each<[string, DpuSide[], string[]]>([
  ['DPUs that are known are served', ['host'], ['start']],
  ['nothing begins on a node without any', [], []],
])('while it is not known what is wanted of the node, %s, and labels stay', async (_case, sides, steps) => {
  const { state, cluster, nodeDpus, done, api } = await nodeState(sides);
  nodeDpus.hasLooked = true;
  cluster.order = { is: 'wait', reason: 'the configuration is not known' };
  await state.reconcile();
  expect([done, api.writes]).toEqual([steps, []]);
});
