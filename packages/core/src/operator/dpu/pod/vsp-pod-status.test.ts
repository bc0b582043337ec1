import { expect, test } from 'vitest';
import type { Pod } from '../../../kube/index.ts';
import { crashing, permanentFailure, vspPodCondition } from './vsp-pod-status.ts';

/** Of a VSP with one companion. */
function podWith(companion: object, vsp: object = { state: { waiting: { reason: 'PodInitializing' } } }): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'vsp-x', namespace: 'ns' },
    spec: { containers: [] },
    status: {
      conditions: [{ type: 'Ready', status: 'False' }],
      initContainerStatuses: [{ name: 'p4-sdk', ready: false, restartCount: 0, ...companion }],
      containerStatuses: [{ name: 'vsp', ready: false, restartCount: 0, ...vsp }],
    },
  };
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
