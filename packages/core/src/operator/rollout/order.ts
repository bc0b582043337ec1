/**
 * In which order the DPUs of a cluster change. Pure: tells of one DPU what it waits for before what it runs is touched.
 * Daemons go first, so that a daemon never meets a VSP of a newer release; then the DPUs, few at a time; and none goes
 * on to a release that has failed on another.
 */
import type { PluginRun, Rollout } from '../../api/plugin-run.ts';
import type { RolloutStatus } from './observed-state.ts';
import { isSameRelease, nameOf } from './plugin-run.ts';

/** Of the nodes, and of the DPUs, as many at a time. Rounded up. The daemons' DaemonSet has the same. */
export const atOnce = '10%';

export interface DpuInOrder {
  name: string;
  status: RolloutStatus;
}

export interface Order {
  /** Every DPU but those that are being deleted. */
  dpus: readonly DpuInOrder[];
  /** Nodes whose daemon is not yet of this operator's release, or does not serve yet. */
  daemonsBehind: readonly string[];
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
export function waitsFor(name: string, target: PluginRun, { dpus, daemonsBehind }: Order): Wait | undefined {
  const own = dpus.find((dpu) => dpu.name === name);
  if (own?.status.plugin?.name !== target.name) return undefined;
  const others = dpus.filter((dpu) => dpu !== own);
  const failed = others.find(({ status }) => hasFailedOn(status, target));
  if (failed) {
    const advice = `mend that one, ask for another version, or pin ${failed.name} by a DataProcessingUnitConfig`;
    return { reason: 'Stopped', message: `${nameOf(target)} failed on ${failed.name} and goes no further: ${advice}` };
  }
  if (daemonsBehind.length > 0) {
    const message = `${nameOf(target)} waits until all daemons are up to date (kubectl describe dpuoperatorconfig)`;
    return { reason: 'WaitingForDaemons', message };
  }
  if (others.filter(({ status }) => isChanging(status)).length < mostAtOnce(dpus.length)) return undefined;
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
function hasFailedOn({ plugin, rollout }: RolloutStatus, target: PluginRun): boolean {
  if (!plugin || !rollout?.wasReady || !isSameRelease(rollout.target, target)) return false;
  return isOver(rollout) && !isSameRelease(plugin, target);
}

function isOver({ phase, reason }: Rollout): boolean {
  return phase === 'Failed' || (phase === 'RollingBack' && reason !== undefined);
}
