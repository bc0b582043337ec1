/** What is done in a phase of a rollout: pods made and deleted, a node drained. Pure: see plan.ts. */
import { drainName, type PluginRun, type Rollout } from '../../../api/fields/plugin-run.ts';
import { drainLeftMs, podsLeft } from './drain.ts';
import type { Action, ObservedState, Plan } from './observed-state.ts';
import { installKey, needsInstallPod } from './plugin-run.ts';
import type { RolloutStatus } from './rollout-status.ts';
import { verifyLeftMs } from './verify.ts';

/** Milliseconds between VSP pods of a DPU that end as soon as they are made, as where the kubelet refuses them. */
const replaceEveryMs = 10_000;
/** Milliseconds until an eviction that was refused is tried again: nothing tells when a budget allows it. */
const evictEveryMs = 5_000;
/** Milliseconds that the VSP has to take away what it made on the node. */
const clearMs = 20_000;

/** What to do now, where the status stands. Each can be repeated. */
export function actionsFor(observed: ObservedState): Omit<Plan, 'status'> {
  const { status, installPod, leaving } = observed;
  const { rollout } = status;
  const installing = rollout?.phase === 'Installing' && !leaving;
  if (installing) {
    const vsp = ensureVspPod(observed);
    const install = ensureInstallPod(observed, rollout.target);
    const again = [vsp.requeueAfterMs, install.requeueAfterMs].filter((ms) => ms !== undefined);
    const actions = [...install.actions, ...vsp.actions];
    return again.length > 0 ? { actions, requeueAfterMs: Math.min(...again) } : { actions };
  }
  const tidy: Action[] = installPod && installPod.state !== 'terminating' ? [{ do: 'deleteInstallPod' }] : [];
  const rest = rollout && !leaving ? actionsOfPhase(observed, rollout) : ensureVspPod(observed);
  return { ...rest, actions: [...tidy, ...rest.actions] };
}

function actionsOfPhase(observed: ObservedState, rollout: Rollout): Omit<Plan, 'status'> {
  switch (rollout.phase) {
    case 'Draining':
      return evictPods(observed, rollout);
    case 'Replacing':
      return endVspPod(observed, rollout);
    case 'RollingBack': {
      const { vspPod, status } = observed;
      const isFailing = vspPod && vspPod.digest !== status.plugin?.digest;
      return isFailing ? endVspPod(observed, rollout) : untilVerified(observed);
    }
    case 'Verifying':
      return untilVerified(observed);
    default:
      return ensureVspPod(observed);
  }
}

function evictPods(observed: ObservedState, rollout: Rollout): Omit<Plan, 'status'> {
  const pods = podsLeft(observed, rollout) ?? [];
  const vsp = ensureVspPod(observed);
  const requeueAfterMs = drainLeftMs(observed);
  if (pods.length === 0)
    return { ...vsp, requeueAfterMs: Math.min(requeueAfterMs, vsp.requeueAfterMs ?? requeueAfterMs) };
  const actions: Action[] = [...vsp.actions, { do: 'evict', pods }];
  return { actions, requeueAfterMs: Math.min(requeueAfterMs, evictEveryMs) };
}

function untilVerified(observed: ObservedState): Omit<Plan, 'status'> {
  const vsp = ensureVspPod(observed);
  const left = verifyLeftMs(observed);
  return left > 0 && vsp.requeueAfterMs === undefined ? { ...vsp, requeueAfterMs: left } : vsp;
}

function ensureInstallPod({ installPod, status }: ObservedState, target: PluginRun): Omit<Plan, 'status'> {
  if (!needsInstallPod(status.plugin, target)) return { actions: [] };
  if (!installPod) return { actions: [{ do: 'createInstallPod', run: target, before: status.plugin }] };
  if (installPod.state === 'terminating') return { actions: [] };
  if (installPod.key !== installKey(target)) return { actions: [{ do: 'deleteInstallPod' }] };
  return installPod.state === 'ended' ? replaceEnded(installPod, 'deleteInstallPod') : { actions: [] };
}

function replaceEnded({ ageMs }: { ageMs: number }, act: 'deleteInstallPod' | 'deleteVspPod'): Omit<Plan, 'status'> {
  const requeueAfterMs = replaceEveryMs - ageMs;
  return requeueAfterMs > 0 ? { actions: [], requeueAfterMs } : { actions: [{ do: act }] };
}

/** What follows knows nothing of what this VSP has made on the node: this one is asked to take it away first, where nothing uses it. */
function endVspPod({ vspPod, drain, lasted }: ObservedState, rollout: Rollout): Omit<Plan, 'status'> {
  if (!vspPod || vspPod.state === 'terminating') return { actions: [] };
  const isAnswered = drain?.of === drainName(rollout) && (drain.cleared === true || drain.kept === true);
  const left = clearMs - (lasted.rollingBackSince ?? lasted.replacingSince ?? lasted.startedAt ?? 0);
  if (rollout.clear && vspPod.state === 'running' && !isAnswered && left > 0)
    return { actions: [], requeueAfterMs: left };
  return { actions: [{ do: 'deleteVspPod' }] };
}

function ensureVspPod({ status, vspPod, hashOf }: ObservedState): Omit<Plan, 'status'> {
  const run = currentRun(status);
  if (!run || vspPod?.state === 'terminating') return { actions: [] };
  if (!vspPod) return { actions: [{ do: 'createVspPod', run }] };
  const isOther = vspPod.digest !== undefined && vspPod.digest !== run.digest;
  // Before its turn and after a failure the same run's pod stays as another operator has made it.
  const isPutInPlace = status.rollout?.phase === 'Verifying' || status.rollout?.phase === 'RollingBack';
  if (isOther || (isPutInPlace && vspPod.hash !== hashOf(run))) return { actions: [{ do: 'deleteVspPod' }] };
  return vspPod.state === 'ended' ? replaceEnded(vspPod, 'deleteVspPod') : { actions: [] };
}

/** What the VSP pod should be made from now. */
function currentRun({ plugin, rollout }: RolloutStatus): PluginRun | undefined {
  const isIn = rollout?.phase === 'Replacing' || rollout?.phase === 'Verifying';
  return isIn ? rollout.target : plugin;
}
