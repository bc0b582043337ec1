/**
 * Why a DPU does not change yet. Pure. In this order:
 *
 *   Stopped              what it would change to has failed on another DPU
 *   Paused               somebody has said so
 *   WaitingForDaemons    a daemon never meets a VSP of a newer release; a silent one could not tell how it goes
 *   WaitingForTurn       one DPU of each side tries a change before all others
 *   AwaitingApproval     it works there, and somebody has to agree
 *   WaitingForOtherSide  host and DPU side of a card never change together
 *   WaitingForTurn       `maxUnavailable`
 *   WaitingForRoom       pods that were evicted before find no other DPU yet
 */
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import type { PluginRun } from '../../../../api/fields/plugin-run.ts';
import { annotations } from '../../../../api/names/names.ts';
import { sides } from '../../../../trust/identity.ts';
import { nameOf } from '../plugin-run.ts';
import { releaseKey } from './change.ts';
import { allDpus, type Fleet, type FleetDpu, isChanging, ofCard, ofSide } from './fleet.ts';
import { approvalCommand, mostOf, type Policy, resumeCommand } from './policy.ts';

export interface Wait {
  reason:
    | 'Stopped'
    | 'Paused'
    | 'WaitingForDaemons'
    | 'AwaitingApproval'
    | 'WaitingForOtherSide'
    | 'WaitingForTurn'
    | 'WaitingForRoom';
  /** The same as long as the reason is: it is written to every DPU that waits. */
  message: string;
  /** Others that are to change alike need not wait for this. */
  isOwn?: boolean;
  /** Over in seconds, by itself: not worth a write. */
  isBrief?: boolean;
}

export interface Circumstances {
  fleet: Fleet;
  policies: readonly Policy[];
  /** Whether all daemons are of this operator's release and serve. */
  daemonsReady: boolean;
  /** Whether the daemon of its node has fallen silent. */
  isAway: boolean;
  /** Pods that a DPU was freed of, or the like, that find no place: `namespace/name`. */
  unplaced: readonly string[];
}

/** What a DPU waits for before it may change to `target`; undefined when it may go. */
export function waitsFor(dpu: FleetDpu, target: PluginRun, circumstances: Circumstances): Wait | undefined {
  const { fleet, policies, daemonsReady, isAway, unplaced } = circumstances;
  const what = nameOf(target);
  const ids = fleet.idsOf(dpu, target);
  const [id] = ids;
  const failed = fleet.failedOn(dpu.name, target, ids);
  // Of several on which it failed, each may try again.
  if (failed && !dpu.status.rollout?.again) return stopped(what, failed);
  const pausing = policies.find(({ spec }) => spec.paused);
  if (pausing) {
    const message = `${what} waits: spec.rollout.paused of ${pausing.where} is true; to go on: ${resumeCommand(pausing)}`;
    return { reason: 'Paused', message };
  }
  if (isAway) {
    const message = `${what} waits until the daemon of this node is heard again`;
    return { reason: 'WaitingForDaemons', message, isOwn: true };
  }
  if (!daemonsReady) {
    const message = `${what} waits until all daemons are up to date (kubectl describe dpuoperatorconfig)`;
    return { reason: 'WaitingForDaemons', message };
  }
  if (roomForFirst(dpu, target, fleet) <= 0) return itsTurn(what, policies);
  const approving = missingApproval(dpu, id, circumstances);
  if (approving) {
    const message = `${what} (change ${id}) works on its first ${dpu.side} side, and ${approving.where} asks for an approval; to approve it: ${approvalCommand(approving, id)}`;
    return { reason: 'AwaitingApproval', message };
  }
  if (otherSideChanges(dpu, fleet)) {
    const message = `${what} waits until the other side of this card has changed`;
    return { reason: 'WaitingForOtherSide', message, isOwn: true };
  }
  if (roomBeside(dpu, target, circumstances) <= 0) return itsTurn(what, policies);
  if (disturbs(dpu, target) && unplaced.length > 0) {
    const message = `${what} waits until pods that were evicted have found another DPU, or are gone (kubectl get pods -A --field-selector status.phase=Pending)`;
    return { reason: 'WaitingForRoom', message };
  }
  return undefined;
}

/** What the answer of {@link waitsFor} hangs on, but for what it says of a DPU of its own. */
export interface Likeness {
  /** The same for all that differ by {@link change} at most. */
  alike: string;
  /** The narrowest id of the change. As long as no DPU has anything to do with it, which one it is does not matter. */
  change: string;
}

export function likenessOf(dpu: FleetDpu, target: PluginRun, fleet: Fleet): Likeness {
  const { name, side, config, status } = dpu;
  const ids = fleet.idsOf(dpu, target);
  const change = ids.at(-1) ?? ids[0];
  const wider = ids.slice(0, -1);
  // One that tries again what failed may go where others are stopped.
  const again = status.rollout?.again === true ? name : '';
  const own = isChanging(status);
  const alike = [wider, releaseKey(target), side, config, disturbs(dpu, target), own, again].join(' ');
  return { alike, change };
}

/** How many like this one may begin to change now, below 1 for none. They differ by {@link Likeness.change} at most. */
export function roomForAlike(dpu: FleetDpu, target: PluginRun, circumstances: Circumstances): number {
  const wider = circumstances.fleet.idsOf(dpu, target).slice(0, -1);
  const rooms = wider.map((id) => roomToTry(id, dpu, circumstances.fleet));
  return Math.min(...rooms, roomBeside(dpu, target, circumstances));
}

/** By the policies, and for the pods that are evicted. */
function roomBeside(dpu: FleetDpu, target: PluginRun, { fleet, policies }: Circumstances): number {
  const own = isChanging(dpu.status) ? 1 : 0;
  const rooms = policies.flatMap(({ scope, spec: { maxUnavailable } }) =>
    maxUnavailable === undefined
      ? []
      : mostOf(maxUnavailable, fleet.count(scope)) - fleet.count(scope, 'changing') + own,
  );
  return Math.min(roomForEvicted(dpu, target, fleet), ...rooms);
}

/** The command that has a release tried again on a DPU where it failed: each time the annotation has another value. */
export function retryCommand(dpuName: string): string {
  return `kubectl annotate --overwrite dpu ${dpuName} ${annotations.retry}="$(date)"`;
}

function stopped(what: string, failed: string): Wait {
  const advice = `mend that one and have it tried again: ${retryCommand(failed)}; or ask for another version or settings`;
  return { reason: 'Stopped', message: `${what} failed on ${failed} and goes no further: ${advice}` };
}

/**
 * A change that has not worked on this side yet is tried by one DPU; one that has worked on none, by one of either side. So is
 * a release, however many settings it goes with.
 */
function roomForFirst(dpu: FleetDpu, target: PluginRun, fleet: Fleet): number {
  return Math.min(...fleet.idsOf(dpu, target).map((id) => roomToTry(id, dpu, fleet)));
}

/**
 * Of one change. A DPU that is overdue, as after its node died amid it, leaves its turn to another, once: where that one is lost
 * too, it may be the change that does it.
 */
export function roomToTry(id: string, dpu: FleetDpu, fleet: Fleet): number {
  if (fleet.isProven(id, dpu.side)) return Number.POSITIVE_INFINITY;
  const trying = sides.filter((side) => side === dpu.side || !fleet.isProven(id, side));
  const changing = trying.reduce((sum, side) => sum + fleet.changingTo(id, side), 0);
  const overdue = trying.reduce((sum, side) => sum + fleet.overdueWith(id, side), 0);
  return 1 - changing + Math.min(1, overdue) + (isChanging(dpu.status) ? 1 : 0);
}

/** Where pods are evicted, half of the DPUs of a side stay for them. */
function roomForEvicted(dpu: FleetDpu, target: PluginRun, fleet: Fleet): number {
  if (!disturbs(dpu, target)) return Number.POSITIVE_INFINITY;
  const scope = ofSide(dpu.side);
  const most = Math.max(1, Math.floor(fleet.count(scope) / 2));
  return most - fleet.count(scope, 'changing') + (isChanging(dpu.status) ? 1 : 0);
}

function disturbs({ status: { plugin } }: FleetDpu, target: PluginRun): boolean {
  return target.disturbsTraffic || plugin?.disturbsTraffic === true || plugin?.name !== target.name;
}

function missingApproval({ side }: FleetDpu, id: string, { fleet, policies }: Circumstances): Policy | undefined {
  if (!fleet.isProven(id, side)) return undefined;
  return policies.find(({ spec }) => spec.requireApproval && !spec.approved?.includes(id));
}

/** The same whether it is the first one's turn or that of many: it is not written anew for each. */
function itsTurn(what: string, policies: readonly Policy[]): Wait {
  const limits = policies.flatMap(({ scope, where, spec: { maxUnavailable } }) => {
    if (maxUnavailable === undefined) return [];
    return `${maxUnavailable} of ${scope === allDpus ? 'all DPUs' : `those of ${where}`}`;
  });
  const message = `${what} waits for its turn: one DPU of each side changes first, then ${limits.join(' and ')} at a time`;
  return { reason: 'WaitingForTurn', message };
}

function otherSideChanges({ side, cards }: FleetDpu, fleet: Fleet): boolean {
  return cards.some((card) => fleet.count(ofCard(card, otherSide(side)), 'changing') > 0);
}

export function otherSide(side: DpuSide): DpuSide {
  return side === 'host' ? 'dpu' : 'host';
}
