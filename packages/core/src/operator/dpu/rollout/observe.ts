/** What is there for a DPU, as the planner of rollouts takes it. */
import { findCondition } from '../../../api/conditions.ts';
import { daemonLeaseName } from '../../../api/daemon-lease.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/data-processing-unit.ts';
import { annotations } from '../../../api/names.ts';
import { vspPodName } from '../../../api/paths.ts';
import type { PluginRun } from '../../../api/plugin-run.ts';
import { isBeingDeleted, type Pod } from '../../../kube/index.ts';
import type { DaemonLeases } from '../../daemons/daemon-leases.ts';
import type { Caches } from '../../shared/caches.ts';
import type { Environment } from '../../shared/environment.ts';
import { ageMs } from '../../shared/pod-age.ts';
import { installPodName } from '../install/install-pod.ts';
import { installPodState } from '../install/install-pod-status.ts';
import { vspPodHash } from '../pod/vsp-pod.ts';
import { hindrance, startedAt } from '../pod/vsp-pod-start.ts';
import { crashing, hasEnded, permanentFailure, vspPodCondition } from '../pod/vsp-pod-status.ts';
import type { Turns } from './fleet/turns.ts';
import type { ObservedState, VspPodState } from './observed-state.ts';

export function observeDpu(
  dpu: DataProcessingUnit,
  wanted: PluginRun | undefined,
  { vspPods }: Pick<Caches, 'vspPods'>,
  environment: Environment,
  turns: Pick<Turns, 'waitsFor' | 'deadlineMs'>,
  leases: Pick<DaemonLeases, 'heardSince'>,
): ObservedState {
  const { name } = dpu.metadata;
  const { plugin, rollout, vsp, drain, conditions } = dpu.status ?? {};
  return {
    now: Date.now(),
    wanted,
    status: { plugin, rollout },
    vspPod: vspPodState(vspPods.get(vspPodName(name), environment.namespace), dpu),
    installPod: installPodState(vspPods.get(installPodName(name), environment.namespace)),
    hashOf: (run) => vspPodHash(dpu, run, environment),
    waitsFor: (target) => turns.waitsFor(name, target),
    deadlineMs: turns.deadlineMs(name),
    heardSince: leases.heardSince(daemonLeaseName(dpu.spec.nodeName)),
    ready: findCondition(conditions, dpuConditions.ready),
    vsp,
    drain,
    retry: dpu.metadata.annotations?.[annotations.retry],
    leaving: isBeingDeleted(dpu),
  };
}

function vspPodState(pod: Pod | undefined, dpu: DataProcessingUnit): VspPodState | undefined {
  if (!pod) return undefined;
  const owned = pod.metadata.ownerReferences?.some(({ uid }) => uid === dpu.metadata.uid);
  const { status, message } = vspPodCondition(pod);
  return {
    hash: owned ? (pod.metadata.annotations?.[annotations.specHash] ?? '') : '',
    digest: owned ? pod.metadata.annotations?.[annotations.runDigest] : '',
    state: stateOf(pod, status === 'True'),
    ageMs: ageMs(pod),
    startedAt: startedAt(pod),
    hindrance: hindrance(pod),
    permanentFailure: permanentFailure(pod) ?? crashing(pod),
    message,
  };
}

function stateOf(pod: Pod, isRunning: boolean): VspPodState['state'] {
  if (isBeingDeleted(pod)) return 'terminating';
  if (hasEnded(pod)) return 'ended';
  return isRunning ? 'running' : 'starting';
}
