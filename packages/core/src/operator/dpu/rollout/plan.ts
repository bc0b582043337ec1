/**
 * How a DPU comes to run another plugin, version or settings. Pure: from what the status says and what is there it
 * tells the status that comes next, or, where that stands, what to do now. Every step can be repeated, so that an
 * operator that starts anew goes on where the last one ended.
 *
 * Installing → Draining (where pods would be disturbed) → Replacing → Verifying → done, or RollingBack → Failed. What
 * ran before is not touched until all the rest is ready and it is this DPU's turn (fleet/waits-for.ts). A target that failed
 * is tried again when it changes, or when somebody orders it.
 */
import { omitUndefined } from '@dpu-operator/sdk/wire';
import type { PluginRun, Rollout } from '../../../api/fields/plugin-run.ts';
import { firstTen } from '../../../first-ten.ts';
import { actionsFor } from './actions.ts';
import { drainLeftMs, podsLeft } from './drain.ts';
import type { ObservedState, Plan } from './observed-state.ts';
import { installKey, isSameRelease, needsInstallPod, preparation, withFilesOf } from './plugin-run.ts';
import { drainTimedOut, type RolloutStatus } from './rollout-status.ts';
import { verify } from './verify.ts';

export function planRollout(observed: ObservedState): Plan {
  const status = observed.leaving ? observed.status : nextStatus(observed);
  if (status !== observed.status) return { status, actions: [] };
  const { actions, requeueAfterMs } = actionsFor(observed);
  const again = [requeueAfterMs, overdueInMs(observed)].filter((ms) => ms !== undefined && ms > 0) as number[];
  return again.length > 0 ? { status, actions, requeueAfterMs: Math.min(...again) } : { status, actions };
}

/** Milliseconds until a DPU whose VSP is being replaced has taken longer than it may; below 1 for one that has. */
export function overdueInMs({ status: { plugin, rollout }, deadlineMs, lasted }: ObservedState): number | undefined {
  if (!plugin || !rollout || ['Installing', 'Draining', 'Failed'].includes(rollout.phase)) return undefined;
  return deadlineMs - (lasted.replacingSince ?? lasted.startedAt ?? 0);
}

function nextStatus(observed: ObservedState): RolloutStatus {
  const { status, wanted } = observed;
  const { plugin, rollout } = status;
  if (!rollout || rollout.phase === 'Failed') {
    if (!wanted) return status;
    if (wanted.digest === rollout?.target.digest) {
      return isOrderedAgain(observed, rollout) ? begin(observed, wanted) : status;
    }
    if (wanted.digest !== plugin?.digest) return begin(observed, wanted);
    if (rollout) return { plugin };
    // The same plugin in another pod, as a newer operator makes it.
    const isOther = observed.vspPod && observed.vspPod.hash !== observed.hashOf(plugin);
    if (isOther) return begin(observed, wanted);
    if (wanted.askedFor === plugin.askedFor) return status;
    // No part of the digest. By these words it is found when its VendorPlugin is made again.
    return { plugin: omitUndefined({ ...plugin, askedFor: wanted.askedFor }) };
  }
  const otherWay = wanted && rollout.phase === 'Installing' && installKey(wanted) !== installKey(rollout.target);
  if (wanted && (wanted.digest !== rollout.target.digest || otherWay)) {
    const changed = withOtherTarget(observed, wanted, rollout);
    if (changed) return changed;
  }
  // There is no way back from a pod that works no more than the one before it: an order has it made anew.
  const isStuck = rollout.phase === 'Verifying' && rollout.reason !== undefined;
  if (isStuck && isOrderedAgain(observed, rollout)) return { plugin, rollout: tryAgain(observed, rollout) };
  return advance(observed, rollout);
}

/** An annotation that was there when the rollout began has had its try, and one that is taken off is no order. */
function isOrderedAgain({ retry }: ObservedState, rollout: Rollout): boolean {
  return retry !== undefined && retry !== rollout.retry;
}

function tryAgain({ retry, now }: ObservedState, { reason: _, message: _message, ...rollout }: Rollout): Rollout {
  return replacing({ ...rollout, again: true, ...(retry !== undefined && { retry }) }, now);
}

/** Whether a release that failed here is tried once more: by order, with other settings, or from another registry. */
function isTriedAgain(target: PluginRun, rollout: Rollout | undefined): boolean {
  if (!rollout || !isSameRelease(target, rollout.target)) return false;
  // Where pods stayed it was not tried.
  if (rollout.reason === drainTimedOut) return false;
  return rollout.phase === 'Failed' || rollout.again === true;
}

function begin(observed: ObservedState, wanted: PluginRun): RolloutStatus {
  const { now, ready, retry } = observed;
  const { plugin, rollout } = observed.status;
  const target = withFilesOf(plugin, wanted);
  const otherPlugin = plugin !== undefined && plugin.name !== target.name;
  const again = isTriedAgain(target, rollout);
  const { install } = preparation(plugin, target);
  const other = plugin?.claim === 'a' ? 'b' : 'a';
  const claim = install ? other : plugin?.claim;
  const next: Rollout = {
    target: { ...target, ...(claim && target.package && { claim }) },
    phase: 'Installing',
    startedAt: new Date(now).toISOString(),
    drain: plugin !== undefined && (otherPlugin || plugin.disturbsTraffic || target.disturbsTraffic),
    clear: otherPlugin,
    ...(retry !== undefined && { retry }),
    ...(again && { again }),
    // A release that is tried again may be so before what it was rolled back to is Ready again.
    wasReady: ready?.status === 'True' || ((again || rollout?.phase !== 'Failed') && rollout?.wasReady === true),
  };
  return { plugin, rollout: isPrepared(observed, next) ? afterInstalling(next, now) : next };
}

/** All that is wanted for the next step is there, and it is this DPU's turn. */
function isPrepared(observed: ObservedState, { target }: Rollout): boolean {
  const { status, installPod } = observed;
  const isInstalled = installPod?.state === 'succeeded' && installPod.key === installKey(target);
  if (needsInstallPod(status.plugin, target) && !isInstalled) return false;
  // Where nothing runs nothing is touched.
  return status.plugin === undefined || observed.waitsFor(target) === undefined;
}

/** Something else is asked for while a rollout is under way. Undefined between two VSPs, where what was begun goes on. */
function withOtherTarget(observed: ObservedState, wanted: PluginRun, rollout: Rollout): RolloutStatus | undefined {
  const { plugin } = observed.status;
  if (rollout.phase === 'Replacing' || rollout.phase === 'RollingBack') return undefined;
  if (wanted.digest !== plugin?.digest) return begin(observed, wanted);
  return rollout.phase === 'Verifying' ? { plugin, rollout: rollingBack(observed, rollout) } : { plugin };
}

function afterInstalling(rollout: Rollout, now: number): Rollout {
  if (!rollout.drain) return replacing(rollout, now);
  return { ...rollout, phase: 'Draining', drainingSince: new Date(now).toISOString() };
}

function replacing(rollout: Rollout, now: number): Rollout {
  return { ...rollout, phase: 'Replacing', replacingSince: new Date(now).toISOString() };
}

/** What comes back knows nothing of what a newer version made either. Where pods stayed, it takes over what serves them. */
function rollingBack({ now, vsp }: ObservedState, rollout: Rollout): Rollout {
  // One that was never initialised was asked for nothing.
  const wasInitialised = vsp !== undefined && vsp.initialisedAt !== rollout.previousInit;
  const next: Rollout = {
    ...rollout,
    phase: 'RollingBack',
    rollingBackSince: new Date(now).toISOString(),
    clear: rollout.clear || rollout.drain || wasInitialised,
  };
  return vsp ? { ...next, previousInit: vsp.initialisedAt } : next;
}

function advance(observed: ObservedState, rollout: Rollout): RolloutStatus {
  const { status, now, vspPod } = observed;
  const { plugin } = status;
  const transition = (next: Rollout): RolloutStatus => ({ plugin, rollout: next });
  switch (rollout.phase) {
    case 'Installing':
      return isPrepared(observed, rollout) ? transition(afterInstalling(rollout, now)) : status;
    case 'Draining': {
      const pods = podsLeft(observed, rollout);
      if (pods?.length === 0) return transition(replacing(rollout, now));
      if (drainLeftMs(observed) > 0) return status;
      const minutes = observed.deadlineMs / 60_000;
      const whose = pods ? `these pods have not ended: ${firstTen(pods)}` : 'the daemon has not freed it of pods';
      return transition({
        ...rollout,
        phase: 'Failed',
        reason: drainTimedOut,
        message: `within ${minutes} min ${whose}`,
      });
    }
    case 'Replacing': {
      const verifying = { ...rollout, phase: 'Verifying', verifyingSince: new Date(now).toISOString() } as const;
      const { vsp } = observed;
      if (!vspPod) return transition({ ...verifying, ...(vsp && { previousInit: vsp.initialisedAt }) });
      return isAlreadyThere(observed, rollout) ? transition(verifying) : status;
    }
    case 'Verifying': {
      const verdict = verify(observed, rollout);
      if (verdict.works) return { plugin: rollout.target };
      const { reason, message } = verdict;
      if (!verdict.over || plugin === undefined) return status;
      if (plugin.digest !== rollout.target.digest)
        return transition(rollingBack(observed, { ...rollout, reason, message }));
      // The same run in the pod of an older operator cannot be had back. Others are told by the reason to go no further.
      return rollout.reason === undefined ? transition({ ...rollout, reason, message }) : status;
    }
    case 'RollingBack': {
      const isBack = plugin && vspPod && vspPod.state !== 'terminating' && vspPod.hash === observed.hashOf(plugin);
      if (!isBack) return status;
      const verdict = verify(observed, { ...rollout, target: plugin });
      // One that does not work any more either holds nobody up for ever.
      if (!verdict.works && !verdict.over) return status;
      return rollout.reason === undefined ? { plugin } : transition({ ...rollout, phase: 'Failed' });
    }
    case 'Failed':
      return status;
  }
}

/** A VSP of an operator that kept no such status, or of one that ended between creating it and saying so. */
function isAlreadyThere({ status, vspPod, hashOf }: ObservedState, { target }: Rollout): boolean {
  const isUp = vspPod?.state === 'running' || vspPod?.state === 'starting';
  return status.plugin === undefined && isUp && vspPod.hash === hashOf(target);
}
