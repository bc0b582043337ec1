/** What the daemon says of a DPU in its object's status. Pure. */
import { type DataProcessingUnit, dpuConditions, type NetworkReport } from '../../../api/index.ts';
import { gone, there, unknown } from '../../presence.ts';
import type { DpuManager } from '../dpu-manager.ts';
import type { DpuAction } from '../plan.ts';
import { cardReport } from './card-report.ts';
import { observedAt, saidOf } from './dpu-conditions.ts';
import type { DaemonStatus } from './dpu-objects.ts';

/**
 * @param manager undefined for a DPU that is not served: what its object says stays
 * @param hosts that have ports on a DPU side which is being deleted
 */
export function daemonStatus(
  { object, ready, others, drain }: DpuAction & { do: 'report' },
  manager: DpuManager | undefined,
  hosts: string[] | undefined,
): DaemonStatus {
  const { status } = object;
  return {
    ready: ready ?? manager?.ready,
    others: [...others, ...conditionsOf(object, manager)],
    vsp: manager?.vsp.identity ?? status?.vsp,
    card: cardReport(manager?.vsp.card.said, status?.card),
    channel: manager ? manager.channel.status : status?.channel,
    drain,
    chains: manager?.dpuSide?.dataPath.chains() ?? status?.chains,
    networks: manager ? networksOf(manager, status?.networks) : status?.networks,
    hosts,
  };
}

/** Of a DPU that has not answered yet, what was known before stays. */
export function networksOf(
  { networks, hasOneBridge }: Pick<DpuManager, 'hasOneBridge'> & { networks: Pick<DpuManager['networks'], 'report'> },
  before: readonly NetworkReport[] = [],
): NetworkReport[] | undefined {
  return networks.report()?.map((report) => {
    const lacksBridge = hasOneBridge ?? before.find(({ name }) => name === report.name)?.lacksBridge;
    return lacksBridge && report.logicalBridge !== undefined ? { ...report, lacksBridge } : report;
  });
}

function conditionsOf({ metadata, status }: DataProcessingUnit, manager: DpuManager | undefined) {
  const before = status?.conditions;
  const condition = manager?.channel.condition;
  const channel = condition ? there(condition) : unknown('nothing new is known of the channel');
  return [
    ...saidOf(dpuConditions.hostPorts, manager?.hostPorts ?? gone, before),
    ...saidOf(dpuConditions.vfCount, observedAt(manager?.vsp.vfCount ?? gone, metadata.generation), before),
    ...saidOf(dpuConditions.channel, channel, before),
  ];
}
