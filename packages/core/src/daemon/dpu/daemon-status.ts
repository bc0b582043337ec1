/** What the daemon says of a DPU in its object's status. Pure. */
import { type DataProcessingUnit, dpuConditions } from '../../api/index.ts';
import { gone, there, unknown } from '../presence.ts';
import { cardReport } from './card-report.ts';
import { observedAt, saidOf } from './dpu-conditions.ts';
import type { DpuManager } from './dpu-manager.ts';
import type { DaemonStatus } from './dpu-objects.ts';
import type { DpuAction } from './plan.ts';

/** What a manager says of its DPU. */
export type SaidByManager = Pick<
  DpuManager,
  'ready' | 'channel' | 'hostPorts' | 'vfCount' | 'identity' | 'card' | 'chains'
>;

/**
 * @param said undefined for a DPU that is not served: what its object says stays
 * @param hosts that have ports on a DPU side which is being deleted
 */
export function daemonStatus(
  { object, ready, others, drain }: DpuAction & { do: 'report' },
  said: SaidByManager | undefined,
  hosts: string[] | undefined,
): DaemonStatus {
  const { status } = object;
  const channel = said?.channel;
  return {
    ready: ready ?? said?.ready,
    others: [...others, ...conditionsOf(object, said)],
    vsp: said?.identity ?? status?.vsp,
    card: cardReport(said?.card, status?.card),
    channel: said ? channel?.status : status?.channel,
    drain,
    chains: said?.chains ?? status?.chains,
    hosts,
  };
}

function conditionsOf({ metadata, status }: DataProcessingUnit, said: SaidByManager | undefined) {
  const before = status?.conditions;
  const condition = said?.channel.condition;
  const channel = condition ? there(condition) : unknown('nothing new is known of the channel');
  return [
    ...saidOf(dpuConditions.hostPorts, said?.hostPorts ?? gone, before),
    ...saidOf(dpuConditions.vfCount, observedAt(said?.vfCount ?? gone, metadata.generation), before),
    ...saidOf(dpuConditions.channel, channel, before),
  ];
}
