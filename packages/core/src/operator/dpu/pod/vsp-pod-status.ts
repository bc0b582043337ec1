import { cutText } from '@dpu-operator/sdk/cut-text';
import { type ConditionInput, findCondition } from '../../../api/fields/conditions.ts';
import { dpuConditions } from '../../../api/kinds/data-processing-unit.ts';
import type { Pod } from '../../../kube/index.ts';

/** What the DPU's condition says of its VSP pod. */
export function vspPodCondition(pod: Pod | undefined): ConditionInput {
  if (!pod) return failing('Creating', 'the VSP pod is being created');
  const where = `pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  if (pod.metadata.deletionTimestamp) return failing('Replacing', `${where} is being replaced`);
  if (hasEnded(pod)) {
    const { reason = pod.status?.phase, message = 'its container has ended' } = pod.status ?? {};
    return failing('Ended', `${where} is to be replaced, for it has ended: ${reason}: ${message}`);
  }
  const companion = companionFailure(pod);
  if (companion) return failing(companion.reason, `${where}: ${companion.message}`);
  const container = vspStatus(pod);
  // Of a lost node's pods the containers keep their last state; the pod itself does not.
  const lost = container?.ready && findCondition(pod.status?.conditions, 'Ready')?.status === 'False';
  if (lost) return failing('NodeLost', `${where} is not heard of any more: does the kubelet of its node run?`);
  if (container?.ready) {
    return { type: dpuConditions.vspPod, status: 'True', reason: 'Running', message: `${where} is running` };
  }
  const why = permanentFailure(pod);
  if (why) return failing(why.reason, `${where}: ${why.message}`);
  const waiting = failedWaiting(container);
  if (waiting) return failing(waiting.reason, `${where}: ${waiting.message}${whereToLook(pod, container)}`);
  const scheduled = findCondition(pod.status?.conditions, 'PodScheduled');
  if (scheduled?.status === 'False') {
    return failing(scheduled.reason ?? 'Unschedulable', `${where}: ${scheduled.message ?? 'cannot be scheduled'}`);
  }
  return failing('Starting', `${where} is starting${whereToLook(pod, container)}`);
}

/** A pod that has ended for good (evicted, its node shut down) has to make room for another. */
export function hasEnded(pod: Pod): boolean {
  return pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
}

/** Exit codes of `dpu-vsp` that no second try mends: wrong manifest or settings, a program that is missing. */
const permanentReasons: ReadonlyMap<number, string> = new Map([
  [2, 'PluginRefused'],
  [3, 'ProgramMissing'],
]);

const programName = 'dpu-vsp: ';

export interface PodFailure {
  reason: string;
  /** Names the companion where it is not the VSP itself. */
  message: string;
}

/** Why a pod ended that ends again however often it is started. Other programs than `dpu-vsp` have codes of their own. */
export function permanentFailure(pod: Pod): PodFailure | undefined {
  return firstFailure(pod, (container) => {
    const last = ended(container);
    const reason = permanentReasons.get(last?.exitCode ?? 0);
    const own = last?.message?.split('\n').some((line) => line.startsWith(programName));
    return last && reason && own ? { reason, message: lastWords(last) } : undefined;
  });
}

/** Restarts after which a container that has just been put in place counts as broken: the kubelet waits longer each time. */
const fewRestarts = 2;

/** Why a VSP, or a companion that it needs, cannot be expected to come up. */
export function crashing(pod: Pod): PodFailure | undefined {
  return firstFailure(pod, (container) => {
    const { restartCount = 0 } = container;
    const last = ended(container);
    if (!last || last.exitCode === 0 || restartCount < fewRestarts) return undefined;
    const logs = `look at kubectl logs -n ${pod.metadata.namespace} ${pod.metadata.name}${containerFlag(container)}`;
    return {
      reason: 'Crashing',
      message: `it ended ${restartCount + 1} times, with exit code ${last.exitCode}: ${lastWords(last) || logs}`,
    };
  });
}

/** Companions first: the VSP may fail only because one of them does. */
function firstFailure(pod: Pod, failureOf: (container: ContainerStatus) => PodFailure | undefined) {
  for (const companion of pod.status?.initContainerStatuses ?? []) {
    const failure = failureOf(companion);
    if (failure) return { ...failure, message: `companion ${companion.name}: ${failure.message}` };
  }
  const vsp = vspStatus(pod);
  return vsp && failureOf(vsp);
}

/** Of the companion that keeps the VSP from its work: those after it, and the VSP, wait until it has started. */
function companionFailure(pod: Pod): PodFailure | undefined {
  for (const companion of pod.status?.initContainerStatuses ?? []) {
    const { name, ready, state } = companion;
    if (ready || state?.running) continue;
    const waiting = failedWaiting(companion);
    const look = whereToLook(pod, companion);
    if (waiting) return { reason: waiting.reason, message: `companion ${name}: ${waiting.message}${look}` };
    if (state?.terminated) return { reason: 'CompanionEnded', message: `companion ${name} has ended${look}` };
  }
  return undefined;
}

/** What a container waits with before anything has gone wrong. */
const usualReasons: ReadonlySet<string> = new Set(['ContainerCreating', 'PodInitializing']);

function failedWaiting(container: ContainerStatus | undefined): PodFailure | undefined {
  const { reason, message } = container?.state?.waiting ?? {};
  return reason === undefined || usualReasons.has(reason) ? undefined : { reason, message: message ?? reason };
}

type ContainerStatus = NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number];

function vspStatus(pod: Pod): ContainerStatus | undefined {
  return pod.status?.containerStatuses?.find(({ name }) => name === 'vsp');
}

/** With what a container ended last; undefined for one that never did. */
function ended(container: ContainerStatus | undefined): Termination | undefined {
  return container?.state?.terminated ?? container?.lastState?.terminated;
}

interface Termination {
  exitCode: number;
  message?: string | undefined;
}

/** What a container said at its end, which may be the tail of its log: the last line of it. */
export function lastWords({ message }: Termination): string {
  const lines = (message ?? '').split('\n').filter((line) => line.trim() !== '');
  const own = lines.findLast((line) => line.startsWith(programName)) ?? lines.at(-1) ?? '';
  return cutText(own.replace(programName, ''), 1000);
}

function whereToLook(pod: Pod, container: ContainerStatus | undefined): string {
  const last = ended(container);
  if (!last) return '';
  const detail = lastWords(last);
  const logs = `kubectl logs --previous -n ${pod.metadata.namespace} ${pod.metadata.name}${containerFlag(container)}`;
  return `; it ended with exit code ${last.exitCode}${detail && `, saying ${detail}`} (${logs})`;
}

/** Without it kubectl takes the VSP's. */
function containerFlag(container: ContainerStatus | undefined): string {
  return container?.name === 'vsp' ? '' : ` -c ${container?.name}`;
}

function failing(reason: string, message: string): ConditionInput {
  return { type: dpuConditions.vspPod, status: 'False', reason, message };
}
