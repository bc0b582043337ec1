/**
 * In which order the DPUs of a cluster change. Pure: tells of one DPU what it waits for before what it runs is touched.
 * Daemons go first, so that a daemon never meets a VSP of a newer release; then the DPUs, few at a time; and none goes
 * on to a release that has failed on another.
 */
import { annotations } from '../../../api/names.ts';
import type { PluginRun, Rollout } from '../../../api/plugin-run.ts';
import { isSameRelease, nameOf } from './plugin-run.ts';
import type { RolloutStatus } from './rollout-status.ts';

/** Of the nodes, and of the DPUs, as many at a time. Rounded up. The daemons' DaemonSet has the same. */
export const atOnce = '10%';

export interface DpuInOrder {
  name: string;
  status: RolloutStatus;
}

/** What the DPUs of a cluster are at. Made once for many questions: there can be thousands. */
export interface Order {
  /** Of all DPUs. */
  count: number;
  /** Names of those that change. */
  changing: ReadonlySet<string>;
  /** Those on which a release has failed. */
  failed: readonly DpuInOrder[];
  /** Nodes whose daemon is not yet of this operator's release, or does not serve yet. */
  daemonsBehind: readonly string[];
}

/** @param dpus every DPU but those that are being deleted */
export function orderOf(dpus: readonly DpuInOrder[], daemonsBehind: readonly string[]): Order {
  return {
    count: dpus.length,
    changing: new Set(dpus.filter(({ status }) => isChanging(status)).map(({ name }) => name)),
    failed: dpus.filter(({ status }) => hasFailed(status)),
    daemonsBehind,
  };
}

/** The command that has a release tried again on a DPU where it failed: each time the annotation has another value. */
export function retryCommand(dpuName: string): string {
  return `kubectl annotate --overwrite dpu ${dpuName} ${annotations.retry}="$(date)"`;
}

export interface DpuThatAsks extends DpuInOrder {
  /** Whether the daemon of its node has fallen silent: nobody could tell whether the change works. */
  isAway: boolean;
}

export interface Wait {
  reason: 'WaitingForDaemons' | 'WaitingForTurn' | 'Stopped';
  /** The same as long as the reason is: it is written to every DPU that waits. */
  message: string;
}

/**
 * What a DPU waits for before it may change to `target`; undefined when it may go. Another plugin, which a config chooses,
 * waits for nothing: where the other side of a DPU has another one, too, the two have to change together.
 */
export function waitsFor({ name, status, isAway }: DpuThatAsks, target: PluginRun, order: Order): Wait | undefined {
  if (status.plugin?.name !== target.name) return undefined;
  const failed = order.failed.find((dpu) => dpu.name !== name && isOfRelease(dpu, target));
  // Of several on which it failed, each may try again.
  if (failed && !status.rollout?.again) {
    const advice = `mend that one and have it tried again: ${retryCommand(failed.name)}; or ask for another version`;
    return { reason: 'Stopped', message: `${nameOf(target)} failed on ${failed.name} and goes no further: ${advice}` };
  }
  if (isAway) {
    const message = `${nameOf(target)} waits until the daemon of this node is heard again`;
    return { reason: 'WaitingForDaemons', message };
  }
  if (order.daemonsBehind.length > 0) {
    const message = `${nameOf(target)} waits until all daemons are up to date (kubectl describe dpuoperatorconfig)`;
    return { reason: 'WaitingForDaemons', message };
  }
  if (order.changing.size - (order.changing.has(name) ? 1 : 0) < mostAtOnce(order.count)) return undefined;
  return {
    reason: 'WaitingForTurn',
    message: `${nameOf(target)} waits for its turn: ${atOnce} of the DPUs change at a time`,
  };
}

export function mostAtOnce(count: number): number {
  return Math.max(1, Math.ceil((count * Number.parseInt(atOnce, 10)) / 100));
}

/** Whether what serves pods is being touched. Where nothing ran before there is nothing to be touched. */
export function isChanging({ plugin, rollout }: RolloutStatus): boolean {
  return plugin !== undefined && rollout !== undefined && !['Installing', 'Failed'].includes(rollout.phase);
}

/** A DPU that was broken before, or that has other settings of a release that works, says nothing of the release. */
function hasFailed({ plugin, rollout }: RolloutStatus): boolean {
  if (!plugin || !rollout?.wasReady) return false;
  // One that is tried again has failed until it works.
  if (!rollout.again && !isOver(rollout)) return false;
  // The same run in another pod is what this release of the operator makes of it.
  return plugin.digest === rollout.target.digest || !isSameRelease(plugin, rollout.target);
}

function isOfRelease({ status }: DpuInOrder, target: PluginRun): boolean {
  return status.rollout !== undefined && isSameRelease(status.rollout.target, target);
}

function isOver({ phase, reason }: Rollout): boolean {
  return phase === 'Failed' || (reason !== undefined && (phase === 'RollingBack' || phase === 'Verifying'));
}
