import { expect, test } from 'vitest';
import { type Pod, pod as podType } from '../../../kube/index.ts';
import { hindrance, startedAt } from './vsp-pod-start.ts';

const startTime = '2026-01-01T00:00:00Z';
const taken = { startTime, conditions: [{ type: 'PodScheduled', status: 'True' }] };

function pod(status: object): Pod {
  const metadata = { name: 'vsp', namespace: 'ns' };
  const spec = { nodeName: 'node-a', containers: [{ name: 'vsp' }] };
  return podType.schema.parse({ apiVersion: 'v1', kind: 'Pod', metadata, spec, status });
}

const container = (state: object, more: object = {}) => ({
  name: 'vsp',
  ready: false,
  restartCount: 0,
  state,
  ...more,
});
const waits = (reason: string, message?: string) => container({ waiting: { reason, message } });
const running = container({ running: { startedAt: '2026-01-01T00:05:00Z' } });

test('time counts from the start of the container, before that from when the kubelet took the pod up', () => {
  expect(startedAt(pod({}))).toBeUndefined();
  expect(startedAt(pod(taken))).toBe(startTime);
  expect(startedAt(pod({ ...taken, containerStatuses: [running] }))).toBe('2026-01-01T00:05:00Z');
  const lastState = { terminated: { exitCode: 0, startedAt: '2026-01-01T00:01:00Z' } };
  const again = { ...running, restartCount: 1, lastState };
  expect(startedAt(pod({ ...taken, containerStatuses: [again] }))).toBe('2026-01-01T00:01:00Z');
});

const setUp = [{ type: 'PodReadyToStartContainers', status: 'True' }];
const unschedulable = [{ type: 'PodScheduled', status: 'False', message: 'node(s) had taints' }];
const lost = [{ type: 'Ready', status: 'False' }];

test.each<[string, object]>([
  ['cannot be scheduled: node(s) had taints', { conditions: unschedulable }],
  ['kubelet of node node-a has not taken', {}],
  ['cannot be pulled: no such host', { startTime, containerStatuses: [waits('ImagePullBackOff', 'no such host')] }],
  ['cannot be pulled', { startTime, initContainerStatuses: [waits('ErrImagePull')], containerStatuses: [] }],
  ['being pulled', { startTime, conditions: setUp, containerStatuses: [waits('ContainerCreating')] }],
  ['node is lost', { startTime, conditions: lost, containerStatuses: [{ ...running, ready: true }] }],
])('no fault of the plugin: its pod or image %s', (words, status) => {
  expect(hindrance(pod(status))).toContain(words);
});

test.each<[string, object]>([
  ['a volume that cannot be mounted', { startTime, containerStatuses: [waits('ContainerCreating')] }],
  ['a name that is no image', { startTime, containerStatuses: [waits('InvalidImageName')] }],
  ['a program that does not start', { startTime, containerStatuses: [waits('RunContainerError')] }],
  ['one that runs and says nothing', { startTime, containerStatuses: [running] }],
])('%s hinders nothing: its time runs', (_what, status) => {
  expect(hindrance(pod(status))).toBeUndefined();
});
