import type { ConditionInput } from '../api/conditions.ts';
import { dpuConditions } from '../api/data-processing-unit.ts';
import type { Pod } from '../kube/index.ts';

/** What the DPU's condition says of its VSP pod. */
export function vspPodCondition(pod: Pod | undefined): ConditionInput {
  if (!pod) return failing('Creating', 'the VSP pod is being created');
  const where = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  if (pod.metadata.deletionTimestamp) return failing('Replacing', `${where} is being replaced`);
  if (hasEnded(pod)) {
    const { reason = pod.status?.phase, message = 'its container has ended' } = pod.status ?? {};
    return failing('Ended', `${where} is to be replaced, for it has ended: ${reason}: ${message}`);
  }
  const container = pod.status?.containerStatuses?.find(({ name }) => name === 'vsp');
  // Of a lost node's pods the containers keep their last state; the pod itself does not.
  const lost =
    container?.ready && pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'False');
  if (lost) return failing('NodeLost', `${where} is not heard of any more: does the kubelet of its node run?`);
  if (container?.ready) {
    return { type: dpuConditions.vspPod, status: 'True', reason: 'Running', message: `${where} is running` };
  }
  const waiting = container?.state?.waiting;
  if (waiting?.reason && waiting.reason !== 'ContainerCreating') {
    return failing(waiting.reason, `${where}: ${waiting.message ?? waiting.reason}${lastWords(pod)}`);
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    return failing(scheduled.reason ?? 'Unschedulable', `${where}: ${scheduled.message ?? 'cannot be scheduled'}`);
  }
  return failing('Starting', `${where} is starting${lastWords(pod)}`);
}

/** A pod that has ended for good (evicted, its node shut down) has to make room for another. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
}

function lastWords(pod: Pod): string {
  const last = pod.status?.containerStatuses?.find(({ name }) => name === 'vsp')?.lastState?.terminated;
  if (!last) return '';
  const logs = `kubectl logs --previous -n ${pod.metadata.namespace} ${pod.metadata.name}`;
  return `; it ended with exit code ${last.exitCode} (${logs})`;
}

function failing(reason: string, message: string): ConditionInput {
  return { type: dpuConditions.vspPod, status: 'False', reason, message };
}
