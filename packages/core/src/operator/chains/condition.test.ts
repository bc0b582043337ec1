import { expect, test } from 'vitest';
import type { Pod } from '../../kube/index.ts';
import { chainCondition, type DpuReport, isCurrent, weightiest } from './condition.ts';
import { chainOf, running } from './testing.ts';

const single = chainOf(['firewall']);
const two = chainOf(['firewall', 'nat']);
const bothRun = [running(two, 'firewall'), running(two, 'nat')];
const report = (phase: DpuReport['phase'], more: Partial<DpuReport> = {}): DpuReport => ({
  name: 'shop/edge',
  phase,
  generation: 2,
  dpuName: 'a-dpu',
  ...more,
});
const starting = (status: Pod['status']): Pod => running(single, 'firewall', 'dpu-1', { status });
const ofPod = (status: Pod['status']) => chainCondition(single, [starting(status)], 'dpu-1', undefined);

test('says whether the functions are passed in order', () => {
  const said = (phase: DpuReport['phase']) => chainCondition(two, bothRun, 'dpu-1', report(phase));
  expect(said('Ordered')).toEqual({
    status: 'True',
    reason: 'Running',
    message: 'firewall, nat on node dpu-1, in this order',
  });
  expect(said('Lowered')).toMatchObject({ status: 'True', message: expect.stringContaining('each by itself') });
  const alone = chainCondition(single, [running(single, 'firewall')], 'dpu-1', report('Lowered'));
  expect(alone?.message).toBe('firewall on node dpu-1');
});

test('says why a pod waits, and whether that passes', () => {
  expect(chainCondition(single, [], 'dpu-1', undefined)).toMatchObject({ reason: 'Pending' });
  const message = '0/3 nodes are available: 1 Insufficient openshift.io/dpu.';
  const unscheduled = { conditions: [{ type: 'PodScheduled', status: 'False', message }] };
  expect(ofPod(unscheduled)).toMatchObject({ reason: 'Pending', message: `pod firewall: ${message}` });
  const waiting = (reason: string) => ({
    containerStatuses: [{ name: 'firewall', ready: false, restartCount: 0, state: { waiting: { reason } } }],
  });
  expect(ofPod(waiting('ContainerCreating'))).toMatchObject({ reason: 'Starting', failing: false });
  expect(ofPod(waiting('ImagePullBackOff'))).toMatchObject({
    reason: 'Starting',
    message: 'pod firewall: ImagePullBackOff',
    failing: true,
  });
  const deleted = running(single, 'firewall');
  deleted.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
  expect(chainCondition(single, [deleted], 'dpu-1', undefined)).toMatchObject({ reason: 'Replacing' });
});

test('says what the VSP has against a chain, also while its pods wait for it', () => {
  const refused = report('Refused', { message: 'no room for more chains' });
  expect(chainCondition(two, [], 'dpu-1', refused)).toMatchObject({
    reason: 'ChainRefused',
    message: 'the VSP of DPU a-dpu refused the chain: no room for more chains',
    failing: true,
  });
});

test('says which functions the DPU does not have', () => {
  expect(chainCondition(two, bothRun, 'dpu-1', report('Incomplete', { missing: ['nat'] }))).toMatchObject({
    reason: 'Incomplete',
    message: expect.stringContaining('nat has no interfaces on DPU a-dpu'),
  });
});

test('is not ready before the daemon has said that it is wired, and stays ready while it says nothing', () => {
  expect(chainCondition(two, bothRun, 'dpu-1', undefined)).toMatchObject({ status: 'False', reason: 'Starting' });
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const conditions = [
    { type: 'Ready', status: 'True' as const, reason: 'Running', message: 'as it was', lastTransitionTime },
  ];
  const ready = { ...two, status: { node: 'dpu-1', conditions } };
  expect(chainCondition(ready, bothRun, 'dpu-1', undefined)).toBeUndefined();
  expect(chainCondition(ready, bothRun, 'dpu-2', undefined)).toMatchObject({ reason: 'Starting' });
});

test('a report of an earlier generation is not of this chain', () => {
  expect(isCurrent(two, report('Ordered', { generation: 1 }))).toBe(false);
  expect(isCurrent(two, report('Ordered'))).toBe(true);
  const { generation: _, ...without } = report('Ordered');
  expect(isCurrent(two, without)).toBe(false);
});

test('of two DPU sides the one that has the chain counts', () => {
  expect(weightiest([])).toBeUndefined();
  expect(weightiest([report('Incomplete'), report('Ordered')])?.phase).toBe('Ordered');
  expect(weightiest([report('Ordered'), report('Refused')])?.phase).toBe('Refused');
});
