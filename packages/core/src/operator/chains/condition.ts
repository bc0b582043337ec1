/** What a chain's Ready condition says. Pure. */
import { type ConditionInput, findCondition } from '../../api/fields/conditions.ts';
import type { ChainReport } from '../../api/kinds/data-processing-unit.ts';
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { isBeingDeleted, type Pod } from '../../kube/index.ts';

/** What a DPU side of the chain's node says of it. */
export interface DpuReport extends ChainReport {
  dpuName: string;
}

export interface ChainCondition extends Omit<ConditionInput, 'type'> {
  /** Something is wrong that does not pass by itself. */
  failing?: boolean;
}

const byWeight: readonly ChainReport['phase'][] = ['Refused', 'Ordered', 'Lowered', 'Incomplete'];

/** Of what several DPU sides of a node say of one chain, that which counts. */
export function weightiest(reports: readonly DpuReport[]): DpuReport | undefined {
  return byWeight.flatMap((phase) => reports.find((report) => report.phase === phase) ?? [])[0];
}

/** Whether a report is of the chain as it is now. */
export const isCurrent = ({ metadata }: ServiceFunctionChain, { generation }: ChainReport): boolean =>
  generation !== undefined && generation >= (metadata.generation ?? 0);

/**
 * Of a chain that has a node.
 *
 * @param pods its pods, those that are being deleted among them
 * @param report what counts of the present generation; undefined while the daemon has not said it
 * @returns undefined where what was said before holds until the daemon says more
 */
export function chainCondition(
  chain: ServiceFunctionChain,
  pods: readonly Pod[],
  node: string,
  report: DpuReport | undefined,
): ChainCondition | undefined {
  if (report?.phase === 'Refused') {
    const message = `the VSP of DPU ${report.dpuName} refused the chain: ${report.message ?? ''}`;
    return { status: 'False', reason: 'ChainRefused', message, failing: true };
  }
  const names = chain.spec.networkFunctions.map(({ name }) => name);
  for (const name of names) {
    const obstacle = obstacleOf(name, pods);
    if (obstacle) return obstacle;
  }
  if (!report) {
    const ready = findCondition(chain.status?.conditions, 'Ready');
    if (ready?.status === 'True' && chain.status?.node === node) return undefined;
    const message = `the pods run; the daemon of node ${node} has not said yet that it has wired them`;
    return { status: 'False', reason: 'Starting', message };
  }
  if (report.phase === 'Incomplete') return incomplete(report);
  return { status: 'True', reason: 'Running', message: `${names.join(', ')} on node ${node}${wiring(names, report)}` };
}

function incomplete({ missing = [], dpuName }: DpuReport): ChainCondition {
  const lacking = `${missing.join(', ')} has no interfaces on DPU ${dpuName}, which has the others'`;
  const advice = `delete pod ${missing.join(' and pod ')}, it is made again`;
  return { status: 'False', reason: 'Incomplete', message: `${lacking}: ${advice}`, failing: true };
}

function wiring(names: readonly string[], { phase, dpuName }: DpuReport): string {
  if (names.length < 2) return '';
  if (phase === 'Ordered') return ', in this order';
  return `, each by itself and in no order: the VSP of DPU ${dpuName} has no chains`;
}

/** Waiting reasons of a container that starts as it should. */
const ordinaryWaits: readonly string[] = ['ContainerCreating', 'PodInitializing'];

/** Why a function does not serve yet, in the words of whoever holds it up. */
function obstacleOf(name: string, pods: readonly Pod[]): ChainCondition | undefined {
  const pod = pods.find(({ metadata }) => metadata.name === name);
  if (!pod) return { status: 'False', reason: 'Pending', message: `pod ${name} is being created` };
  const of = (type: string) => findCondition(pod.status?.conditions, type);
  if (isBeingDeleted(pod)) return { status: 'False', reason: 'Replacing', message: `pod ${name} is being replaced` };
  if (of('Ready')?.status === 'True') return undefined;
  const scheduled = of('PodScheduled');
  if (scheduled?.status === 'False') {
    return { status: 'False', reason: 'Pending', message: `pod ${name}: ${scheduled.message ?? 'not scheduled yet'}` };
  }
  const waiting = pod.status?.containerStatuses?.[0]?.state?.waiting;
  const detail = [waiting?.reason, waiting?.message].filter(Boolean).join(': ') || pod.status?.message || 'is starting';
  const failing = waiting?.reason !== undefined && !ordinaryWaits.includes(waiting.reason);
  return { status: 'False', reason: 'Starting', message: `pod ${name}: ${detail}`, failing };
}
