/** What is there for a DPU, as the planner of rollouts takes it. */
import { findCondition } from '../../../api/fields/conditions.ts';
import type { PluginRun, Rollout } from '../../../api/fields/plugin-run.ts';
import { type DataProcessingUnit, dpuConditions } from '../../../api/kinds/data-processing-unit.ts';
import { daemonLeaseName } from '../../../api/names/daemon-lease.ts';
import { annotations } from '../../../api/names/names.ts';
import { vspPodName } from '../../../api/names/paths.ts';
import { isBeingDeleted, type Pod } from '../../../kube/index.ts';
import type { DaemonLeases } from '../../daemons/daemon-leases.ts';
import type { Caches } from '../../shared/caches.ts';
import type { Elapsed, Since } from '../../shared/elapsed.ts';
import type { Environment } from '../../shared/environment.ts';
import { installPodName } from '../install/install-pod.ts';
import { installPodState } from '../install/install-pod-status.ts';
import { ownPod } from '../pod/own-pod.ts';
import { vspPodHash } from '../pod/vsp-pod-hash.ts';
import { hindrance, startedAt } from '../pod/vsp-pod-start.ts';
import { crashing, hasEnded, permanentFailure, vspPodCondition } from '../pod/vsp-pod-status.ts';
import type { Turns } from './fleet/turns.ts';
import { type ObservedState, rolloutTimes, type VspPodState } from './observed-state.ts';

export function observeDpu(
  dpu: DataProcessingUnit,
  wanted: PluginRun | undefined,
  { vspPods }: Pick<Caches, 'vspPods'>,
  environment: Environment,
  turns: Pick<Turns, 'waitsFor' | 'deadlineMs'>,
  leases: Pick<DaemonLeases, 'heardMs'>,
  elapsed: Elapsed,
): ObservedState {
  const { name } = dpu.metadata;
  const { namespace } = environment;
  const { plugin, rollout, vsp, drain, conditions } = dpu.status ?? {};
  const since = (what: string, time: string | undefined) => elapsed.since(name, what, time);
  return {
    now: Date.now(),
    wanted,
    status: { plugin, rollout },
    vspPod: vspPodState(ownPod(dpu, vspPods.get(vspPodName(name), namespace)), dpu, since),
    installPod: installPodState(ownPod(dpu, vspPods.get(installPodName(name), namespace)), since),
    hashOf: (run) => vspPodHash(dpu, run, environment),
    waitsFor: (target) => turns.waitsFor(name, target),
    deadlineMs: turns.deadlineMs(name),
    lasted: lastedOf(rollout, since),
    heardMs: leases.heardMs(daemonLeaseName(dpu.spec.nodeName)),
    ready: findCondition(conditions, dpuConditions.ready),
    vsp,
    drain,
    retry: dpu.metadata.annotations?.[annotations.retry],
    leaving: isBeingDeleted(dpu),
  };
}

/** What has passed since each time of a rollout. */
export function lastedOf(rollout: Rollout | undefined, since: Since): ObservedState['lasted'] {
  const all = rolloutTimes.map((field) => [field, since(field, rollout?.[field])] as const);
  return Object.fromEntries(all.filter(([field]) => rollout?.[field] !== undefined));
}

function vspPodState(pod: Pod | undefined, dpu: DataProcessingUnit, since: Since): VspPodState | undefined {
  const started = pod && startedAt(pod);
  const startedMs = since('start', started);
  const ageMs = since('pod', pod?.metadata.creationTimestamp);
  if (!pod) return undefined;
  const owned = pod.metadata.ownerReferences?.some(({ uid }) => uid === dpu.metadata.uid);
  const { status, message } = vspPodCondition(pod);
  return {
    hash: owned ? (pod.metadata.annotations?.[annotations.specHash] ?? '') : '',
    digest: owned ? pod.metadata.annotations?.[annotations.runDigest] : '',
    state: stateOf(pod, status === 'True'),
    ageMs,
    startedMs: started === undefined ? undefined : startedMs,
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
