/** How far a plugin has come to its node. */
import { findCondition } from '../../../api/fields/conditions.ts';
import { annotations } from '../../../api/names/names.ts';
import { isBeingDeleted, type Pod } from '../../../kube/index.ts';
import { parseTermination } from '../../../plugins/install/install-error.ts';
import type { Since } from '../../shared/elapsed.ts';
import { lastWords } from '../pod/vsp-pod-status.ts';
import type { InstallPodState } from '../rollout/observed-state.ts';
import { pullerPrefix } from './install-pod.ts';

type Status = NonNullable<Pod['status']>;
type Container = NonNullable<Status['containerStatuses']>[number];
type Failure = NonNullable<InstallPodState['failure']>;

/** Reasons of a container that waits for nothing but its turn. */
const patient: readonly string[] = ['ContainerCreating', 'PodInitializing'];
/** Reasons of a container whose image is on the node, though nothing in it can be started. */
const pulled: readonly string[] = ['CrashLoopBackOff', 'RunContainerError', 'CreateContainerError', 'StartError'];

export function installPodState(pod: Pod | undefined, since: Since): InstallPodState | undefined {
  const ageMs = since('installPod', pod?.metadata.creationTimestamp);
  if (!pod) return undefined;
  const key = pod.metadata.annotations?.[annotations.specHash] ?? '';
  if (isBeingDeleted(pod)) return { key, state: 'terminating', ageMs };
  const { status } = pod;
  const names = pod.spec.containers.map(({ name }) => name);
  const isDone = names.length > 0 && names.every((name) => isThere(name, containerOf(status, name)));
  if (isDone || status?.phase === 'Succeeded') return { key, state: 'succeeded', ageMs };
  const failure = failureOf(status);
  const state = status?.phase === 'Failed' ? 'ended' : 'working';
  return { key, state, ageMs, ...(failure && { failure }) };
}

function containerOf(status: Status | undefined, name: string): Container | undefined {
  return status?.containerStatuses?.find((container) => container.name === name);
}

function isThere(name: string, container: Container | undefined): boolean {
  const { state } = container ?? {};
  if (!isPuller(name)) return state?.terminated?.exitCode === 0;
  const ended = state?.terminated ?? container?.lastState?.terminated;
  return ended !== undefined || state?.running !== undefined || pulled.includes(state?.waiting?.reason ?? '');
}

function failureOf(status: Status | undefined): Failure | undefined {
  const install = containerOf(status, 'install');
  const ended = install?.state?.terminated ?? install?.lastState?.terminated;
  if (ended && ended.exitCode !== 0) {
    const detail = lastWords(ended) || `the installer ended with exit code ${ended.exitCode}`;
    return parseTermination(ended.message ?? '') ?? failed(detail);
  }
  const pullers = status?.containerStatuses?.filter(({ name }) => isPuller(name)) ?? [];
  for (const container of [...(install ? [install] : []), ...pullers.filter((one) => !isThere(one.name, one))]) {
    const waiting = container.state?.waiting;
    if (!waiting?.reason || patient.includes(waiting.reason)) continue;
    const detail = `${waiting.reason}: ${waiting.message ?? 'its container does not start'}`;
    return isPuller(container.name) ? { reason: 'ImagePullFailed', message: detail } : failed(detail);
  }
  const scheduled = findCondition(status?.conditions, 'PodScheduled');
  if (scheduled?.status === 'False') return failed(scheduled.message ?? 'its pod cannot be scheduled');
  return status?.phase === 'Failed' ? failed(`${status.reason ?? 'Failed'}: ${status.message ?? ''}`) : undefined;
}

function isPuller(name: string): boolean {
  return name.startsWith(pullerPrefix);
}

function failed(message: string): Failure {
  return { reason: 'InstallFailed', message };
}
