import { expect, test } from 'vitest';
import type { Pod } from '../../../kube/index.ts';
import { crashing, permanentFailure, vspPodCondition } from './vsp-pod-status.ts';

function podOf(status: Pod['status']): Pod {
  const metadata = { name: 'vsp-x', namespace: 'ns' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] }, status };
}

/** Of a VSP by itself. */
const podAlone = (vsp: object): Pod =>
  podOf({ containerStatuses: [{ name: 'vsp', ready: false, restartCount: 1, ...vsp }] });

/** Of a VSP with one companion. */
function podWith(companion: object, vsp: object = { state: { waiting: { reason: 'PodInitializing' } } }): Pod {
  return podOf({
    conditions: [{ type: 'Ready', status: 'False' }],
    initContainerStatuses: [{ name: 'p4-sdk', ready: false, restartCount: 0, ...companion }],
    containerStatuses: [{ name: 'vsp', ready: false, restartCount: 0, ...vsp }],
  });
}

const backOff = {
  state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 20s' } },
  lastState: { terminated: { exitCode: 1, message: 'no license' } },
};
const look = 'it ended with exit code 1, saying no license (kubectl logs --previous -n ns vsp-x -c p4-sdk)';

test('a companion that cannot start is named with its message', () => {
  const missing = { state: { waiting: { reason: 'ImagePullBackOff', message: 'no such image acme/p4-sdk:1' } } };
  expect(vspPodCondition(podWith(missing))).toMatchObject({
    status: 'False',
    reason: 'ImagePullBackOff',
    message: 'pod ns/vsp-x: companion p4-sdk: no such image acme/p4-sdk:1',
  });
  expect(vspPodCondition(podWith(backOff))).toMatchObject({
    reason: 'CrashLoopBackOff',
    message: `pod ns/vsp-x: companion p4-sdk: back-off 20s; ${look}`,
  });
  expect(vspPodCondition(podWith({ state: backOff.lastState }))).toMatchObject({
    reason: 'CompanionEnded',
    message: `pod ns/vsp-x: companion p4-sdk has ended; ${look}`,
  });
});

test('a companion that crashes beside a VSP that runs is told, and the node is not taken for lost', () => {
  expect(vspPodCondition(podWith(backOff, { ready: true }))).toMatchObject({
    status: 'False',
    reason: 'CrashLoopBackOff',
    message: expect.stringContaining('companion p4-sdk'),
  });
});

test('a companion that has ended for the third time is not waited for, and comes before the VSP that needs it', () => {
  const vsp = { restartCount: 5, state: { terminated: { exitCode: 1, message: 'dpu-vsp: the P4 SDK is away' } } };
  expect(crashing(podWith({ ...backOff, restartCount: 1 }))).toBeUndefined();
  expect(crashing(podWith({ ...backOff, restartCount: 2 }, vsp))).toEqual({
    reason: 'Crashing',
    message: 'companion p4-sdk: it ended 3 times, with exit code 1: no license',
  });
  const silent = { restartCount: 2, state: { terminated: { exitCode: 137 } } };
  expect(crashing(podWith(silent))?.message).toBe(
    'companion p4-sdk: it ended 3 times, with exit code 137: look at kubectl logs -n ns vsp-x -c p4-sdk',
  );
  expect(crashing(podWith({ ready: true, state: { running: {} } }, vsp))?.message).toBe(
    'it ended 6 times, with exit code 1: the P4 SDK is away',
  );
});

test('a companion that cannot work on this node is named as what is to be mended', () => {
  const terminated = { exitCode: 3, message: 'dpu-vsp: program ovs-vsctl is not on the PATH of the image' };
  expect(permanentFailure(podWith({ lastState: { terminated } }))).toEqual({
    reason: 'ProgramMissing',
    message: 'companion p4-sdk: program ovs-vsctl is not on the PATH of the image',
  });
});

test('while companions start, and when they run, nothing is said of them', () => {
  for (const reason of ['ContainerCreating', 'PodInitializing']) {
    expect(vspPodCondition(podWith({ state: { waiting: { reason } } }))).toMatchObject({
      reason: 'Starting',
      message: 'pod ns/vsp-x is starting',
    });
  }
  const running = podWith({ ready: true, state: { running: {} } }, { ready: true });
  running.status = { ...running.status, conditions: [{ type: 'Ready', status: 'True' }] };
  expect(vspPodCondition(running)).toMatchObject({ status: 'True', reason: 'Running' });
});

test('a program that is missing is said by the pod’s condition, whatever the pod does about it', () => {
  const message = '{"level":30}\ndpu-vsp: program ovs-vsctl is not on the PATH of the image\n';
  expect(vspPodCondition(podAlone({ lastState: { terminated: { exitCode: 3, message } } }))).toMatchObject({
    reason: 'ProgramMissing',
    message: 'pod ns/vsp-x: program ovs-vsctl is not on the PATH of the image',
  });
});

test('a VSP that has ended for the third time is not waited for', () => {
  const ended = (restartCount: number, exitCode = 1) =>
    podAlone({ restartCount, state: { terminated: { exitCode, message: 'dpu-vsp: oops' } } });
  expect(crashing(ended(1))).toBeUndefined();
  expect(crashing(ended(2))).toEqual({ reason: 'Crashing', message: 'it ended 3 times, with exit code 1: oops' });
  expect(crashing(ended(9, 0))).toBeUndefined();
});

test('the pod’s condition says why it does not run, and where to look', () => {
  expect(vspPodCondition(undefined)).toMatchObject({ status: 'False', reason: 'Creating' });
  const running = podAlone({ ready: true });
  expect(vspPodCondition(running)).toMatchObject({ status: 'True', reason: 'Running' });
  const lost = { ...running.status, conditions: [{ type: 'Ready', status: 'False' }] };
  expect(vspPodCondition(podOf(lost))).toMatchObject({ status: 'False', reason: 'NodeLost' });
  const evicted = { phase: 'Failed', reason: 'Evicted', message: 'low on memory' };
  expect(vspPodCondition(podOf(evicted))).toMatchObject({
    reason: 'Ended',
    message: 'pod ns/vsp-x is to be replaced, for it has ended: Evicted: low on memory',
  });
  const crashed = podAlone({
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
    lastState: { terminated: { exitCode: 3 } },
  });
  expect(vspPodCondition(crashed)).toMatchObject({
    reason: 'CrashLoopBackOff',
    message: 'pod ns/vsp-x: back-off; it ended with exit code 3 (kubectl logs --previous -n ns vsp-x)',
  });
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }];
  expect(vspPodCondition(podOf({ conditions }))).toMatchObject({ reason: 'Unschedulable' });
});
