/**
 * How a DPU comes to run another plugin, version or settings. Pure: from what the status says and what is there it
 * tells the status that comes next, or, where that stands, what to do now. Every step can be repeated, so that an
 * operator that starts anew goes on where the last one ended.
 *
 * Installing → Draining (where pods would be disturbed) → Replacing → Verifying → done, or RollingBack → Failed. What
 * ran before is not touched until all the rest is ready and it is this DPU's turn (fleet/waits-for.ts). A target that failed
 * is tried again when it changes, or when somebody orders it.
 */
import { drainName, type PluginRun, type Rollout } from '../../../api/plugin-run.ts';
import { firstTen } from '../../../listed.ts';
import type { Action, ObservedState, Plan } from './observed-state.ts';
import { installKey, isSameRelease, preparation, withFilesOf } from './plugin-run.ts';
import type { RolloutStatus } from './rollout-status.ts';
import { verify, verifyLeftMs } from './verify.ts';

/** Milliseconds between VSP pods of a DPU that end as soon as they are made, as where the kubelet refuses them. */
const replaceEveryMs = 10_000;
/** Milliseconds until an eviction that was refused is tried again: nothing tells when a budget allows it. */
const evictEveryMs = 5_000;
/** Milliseconds that the VSP has to take away what it made on the node. */
const clearMs = 20_000;
/** Reason of a rollout that was given up before anything was touched. */
export const drainTimedOut = 'DrainTimedOut';

export function planRollout(observed: ObservedState): Plan {
  const status = observed.leaving ? observed.status : nextStatus(observed);
  if (status !== observed.status) return { status, actions: [] };
  const { actions, requeueAfterMs } = work(observed);
  const again = [requeueAfterMs, overdueInMs(observed)].filter((ms) => ms !== undefined && ms > 0) as number[];
  return again.length > 0 ? { status, actions, requeueAfterMs: Math.min(...again) } : { status, actions };
}

/** Milliseconds until a DPU whose VSP is being replaced has taken longer than it may; below 1 for one that has. */
export function overdueInMs({ status: { plugin, rollout }, deadlineMs, now }: ObservedState): number | undefined {
  if (!plugin || !rollout || ['Installing', 'Draining', 'Failed'].includes(rollout.phase)) return undefined;
  return Date.parse(rollout.replacingSince ?? rollout.startedAt) + deadlineMs - now;
}

/** What the VSP pod should be made from now. */
function currentRun({ plugin, rollout }: RolloutStatus): PluginRun | undefined {
  const isIn = rollout?.phase === 'Replacing' || rollout?.phase === 'Verifying';
  return isIn ? rollout.target : plugin;
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
    return isOther ? begin(observed, wanted) : status;
  }
  const otherWay = wanted && rollout.phase === 'Installing' && installKey(wanted) !== installKey(rollout.target);
  if (wanted && (wanted.digest !== rollout.target.digest || otherWay)) {
    const turned = turn(observed, wanted, rollout);
    if (turned) return turned;
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

/** Whether a pod has to bring something to the node first. */
export function needsInstallPod(before: PluginRun | undefined, target: PluginRun): boolean {
  const { install, pull } = preparation(before, target);
  return install || pull.length > 0;
}

/** Something else is asked for while a rollout is under way. Between two VSPs there is no turning. */
function turn(observed: ObservedState, wanted: PluginRun, rollout: Rollout): RolloutStatus | undefined {
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

function rollingBack({ now, vsp }: ObservedState, rollout: Rollout): Rollout {
  const next: Rollout = { ...rollout, phase: 'RollingBack', rollingBackSince: new Date(now).toISOString() };
  return vsp ? { ...next, previousInit: vsp.initialisedAt } : next;
}

function advance(observed: ObservedState, rollout: Rollout): RolloutStatus {
  const { status, now, vspPod } = observed;
  const { plugin } = status;
  const enter = (next: Rollout): RolloutStatus => ({ plugin, rollout: next });
  switch (rollout.phase) {
    case 'Installing':
      return isPrepared(observed, rollout) ? enter(afterInstalling(rollout, now)) : status;
    case 'Draining': {
      const pods = podsLeft(observed, rollout);
      if (pods?.length === 0) return enter(replacing(rollout, now));
      if (drainLeftMs(observed, rollout) > 0) return status;
      const minutes = observed.deadlineMs / 60_000;
      const whose = pods ? `these pods have not ended: ${firstTen(pods)}` : 'the daemon has not freed it of pods';
      return enter({ ...rollout, phase: 'Failed', reason: drainTimedOut, message: `within ${minutes} min ${whose}` });
    }
    case 'Replacing': {
      const verifying = { ...rollout, phase: 'Verifying', verifyingSince: new Date(now).toISOString() } as const;
      const { vsp } = observed;
      if (!vspPod) return enter({ ...verifying, ...(vsp && { previousInit: vsp.initialisedAt }) });
      return isAlreadyThere(observed, rollout) ? enter(verifying) : status;
    }
    case 'Verifying': {
      const verdict = verify(observed, rollout);
      if (verdict.works) return { plugin: rollout.target };
      const { reason, message } = verdict;
      if (!verdict.over || plugin === undefined) return status;
      if (plugin.digest !== rollout.target.digest) return enter(rollingBack(observed, { ...rollout, reason, message }));
      // The same run in the pod of an older operator cannot be had back. Others are told by the reason to go no further.
      return rollout.reason === undefined ? enter({ ...rollout, reason, message }) : status;
    }
    case 'RollingBack': {
      const isBack = plugin && vspPod && vspPod.state !== 'terminating' && vspPod.hash === observed.hashOf(plugin);
      if (!isBack) return status;
      const verdict = verify(observed, { ...rollout, target: plugin });
      // One that does not work any more either holds nobody up for ever.
      if (!verdict.works && !verdict.over) return status;
      return rollout.reason === undefined ? { plugin } : enter({ ...rollout, phase: 'Failed' });
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

function drainLeftMs({ deadlineMs, now }: ObservedState, { drainingSince, startedAt }: Rollout): number {
  return Date.parse(drainingSince ?? startedAt) + deadlineMs - now;
}

/** Undefined until the daemon has taken the DPU's devices away from new pods. */
export function podsLeft({ drain }: ObservedState, { startedAt }: Rollout): readonly string[] | undefined {
  return drain?.of === startedAt ? drain.pods : undefined;
}

function work(observed: ObservedState): Omit<Plan, 'status'> {
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
  const rest = rollout && !leaving ? workOf(observed, rollout) : ensureVspPod(observed);
  return { ...rest, actions: [...tidy, ...rest.actions] };
}

function workOf(observed: ObservedState, rollout: Rollout): Omit<Plan, 'status'> {
  switch (rollout.phase) {
    case 'Draining':
      return evictPods(observed, rollout);
    case 'Replacing':
      return endVspPod(observed, rollout);
    case 'RollingBack': {
      const { vspPod, status } = observed;
      const isFailing = vspPod && vspPod.digest !== status.plugin?.digest;
      return isFailing ? endVspPod(observed, rollout) : untilVerified(observed, rollout);
    }
    case 'Verifying':
      return untilVerified(observed, rollout);
    default:
      return ensureVspPod(observed);
  }
}

function evictPods(observed: ObservedState, rollout: Rollout): Omit<Plan, 'status'> {
  const pods = podsLeft(observed, rollout) ?? [];
  const vsp = ensureVspPod(observed);
  const requeueAfterMs = drainLeftMs(observed, rollout);
  if (pods.length === 0)
    return { ...vsp, requeueAfterMs: Math.min(requeueAfterMs, vsp.requeueAfterMs ?? requeueAfterMs) };
  const actions: Action[] = [...vsp.actions, { do: 'evict', pods }];
  return { actions, requeueAfterMs: Math.min(requeueAfterMs, evictEveryMs) };
}

function untilVerified(observed: ObservedState, rollout: Rollout): Omit<Plan, 'status'> {
  const vsp = ensureVspPod(observed);
  const left = verifyLeftMs(observed, rollout);
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

/** Another plugin knows nothing of what this one has made on the node: this one is asked to take it away first. */
function endVspPod({ vspPod, drain, now }: ObservedState, rollout: Rollout): Omit<Plan, 'status'> {
  if (!vspPod || vspPod.state === 'terminating') return { actions: [] };
  const cleared = drain?.of === drainName(rollout) && drain.cleared === true;
  const since = rollout.rollingBackSince ?? rollout.replacingSince ?? rollout.startedAt;
  const left = Date.parse(since) + clearMs - now;
  if (rollout.clear && vspPod.state === 'running' && !cleared && left > 0) return { actions: [], requeueAfterMs: left };
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
