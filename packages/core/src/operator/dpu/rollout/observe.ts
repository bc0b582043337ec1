/** What is there for a DPU, as the planner of rollouts takes it. */
import { findCondition } from '../../../api/fields/conditions.ts';
import type { PluginRun } from '../../../api/fields/plugin-run.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/kinds/data-processing-unit.ts';
import { daemonLeaseName } from '../../../api/names/daemon-lease.ts';
import { annotations } from '../../../api/names/names.ts';
import { vspPodName } from '../../../api/names/paths.ts';
import { isBeingDeleted, type Pod } from '../../../kube/index.ts';
import type { DaemonLeases } from '../../daemons/daemon-leases.ts';
import type { Caches } from '../../shared/caches.ts';
import type { Environment } from '../../shared/environment.ts';
import { ageMs } from '../../shared/pod-age.ts';
import { installPodName } from '../install/install-pod.ts';
import { installPodState } from '../install/install-pod-status.ts';
import type { FirstSeen } from '../pod/first-seen.ts';
import { ownPod } from '../pod/own-pod.ts';
import { vspPodHash } from '../pod/vsp-pod-hash.ts';
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
  starts: FirstSeen,
): ObservedState {
  const { name } = dpu.metadata;
  const { namespace } = environment;
  const { plugin, rollout, vsp, drain, conditions } = dpu.status ?? {};
  return {
    now: Date.now(),
    wanted,
    status: { plugin, rollout },
    vspPod: vspPodState(ownPod(dpu, vspPods.get(vspPodName(name), namespace)), dpu, starts),
    installPod: installPodState(ownPod(dpu, vspPods.get(installPodName(name), namespace))),
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

function vspPodState(pod: Pod | undefined, dpu: DataProcessingUnit, starts: FirstSeen): VspPodState | undefined {
  const started = pod && startedAt(pod);
  if (started === undefined) starts.forget(dpu.metadata.name);
  if (!pod) return undefined;
  const owned = pod.metadata.ownerReferences?.some(({ uid }) => uid === dpu.metadata.uid);
  const { status, message } = vspPodCondition(pod);
  return {
    hash: owned ? (pod.metadata.annotations?.[annotations.specHash] ?? '') : '',
    digest: owned ? pod.metadata.annotations?.[annotations.runDigest] : '',
    state: stateOf(pod, status === 'True'),
    ageMs: ageMs(pod),
    startedAt: started === undefined ? undefined : starts.earliest(dpu.metadata.name, started),
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
