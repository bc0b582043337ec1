/** The nodes that have a DPU side, and whether one may run a chain. Pure. */
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { labels, workloads } from '../../api/names/names.ts';
import { isBeingDeleted } from '../../kube/index.ts';
import type { DaemonLeaseState } from '../daemons/daemon-leases.ts';

/** What counts of a Node object. */
export interface NodeObject {
  uid: string | undefined;
  labels: Record<string, string>;
}

export interface DpuNode {
  name: string;
  /** undefined where there is no Node object of that name. */
  node: NodeObject | undefined;
  daemon: DaemonLeaseState;
  /** The DPU sides of the node. */
  dpus: readonly DataProcessingUnit[];
}

/** Where a chain runs. */
export interface Site {
  node: string;
  /** Of the Node object that was there when the node was last found to be one that may run the chain. */
  nodeUid: string | undefined;
}

export type Eligibility =
  | { is: 'eligible' }
  /** Eligible if its daemon lives, which the next renewal tells. */
  | { is: 'unproven'; why: string }
  /** What runs there is left as it is, and nothing new begins. */
  | { is: 'unknown'; reason: 'NodeSilent' | 'NodeUnknown'; why: string }
  | { is: 'ineligible'; why: string };

const eligible: Eligibility = { is: 'eligible' };

/** @param current where the chain runs; if here, a DPU side that hosts still use keeps it */
export function eligibility(dpuNode: DpuNode, chain: ServiceFunctionChain, current: Site | undefined): Eligibility {
  const { name, node, daemon } = dpuNode;
  const runsHere = current?.node === name;
  const unknown = unknownState(dpuNode);
  if (unknown) return unknown;
  const leaving = leavingState(dpuNode, runsHere);
  if (leaving) return leaving;
  // The daemon's own label follows the DPU: that it is missing for a moment says nothing.
  const nodeLabels: Record<string, string> = { ...node?.labels, [labels.nodeSide]: 'dpu' };
  const lacking = selectorOf(chain).filter(([key, value]) => nodeLabels[key] !== value);
  if (lacking.length > 0) {
    const why = `it lacks the labels ${asText(lacking)} of spec.nodeSelector`;
    // Labels that the present Node object never had were not taken off: nobody's order.
    if (!runsHere || current.nodeUid === node?.uid) return { is: 'ineligible', why };
    const command = `kubectl label node ${name} ${asText(lacking, ' ')}`;
    return { is: 'unknown', reason: 'NodeUnknown', why: `it was registered anew, and ${why} (${command})` };
  }
  if (runsHere || daemon === 'renewed') return eligible;
  return { is: 'unproven', why: 'its daemon has yet to renew its Lease in sight of this operator' };
}

export function selectorText(chain: ServiceFunctionChain): string {
  return asText(selectorOf(chain));
}

function unknownState({ name, node, daemon }: DpuNode): Eligibility | undefined {
  if (!node) {
    return { is: 'unknown', reason: 'NodeUnknown', why: 'there is no Node object of it' };
  }
  // Registered anew, which is nobody's order. One whose label was taken off still has the daemon's.
  if (node.labels[labels.dpuNode] !== 'true' && node.labels[labels.nodeSide] === undefined) {
    const command = `kubectl label node ${name} ${labels.dpuNode}=true`;
    return { is: 'unknown', reason: 'NodeUnknown', why: `it was registered anew, without labels (${command})` };
  }
  if (daemon !== 'absent' && daemon !== 'silent') return undefined;
  const look = `kubectl get pods -A -l app=${workloads.daemon} --field-selector spec.nodeName=${name}`;
  const why = `its daemon is not heard of: does the node run, and its daemon (${look})? If it does not come back: kubectl delete node ${name}`;
  return { is: 'unknown', reason: 'NodeSilent', why };
}

function leavingState({ dpus, node }: DpuNode, runsHere: boolean): Eligibility | undefined {
  const staying = dpus.filter((dpu) => !isBeingDeleted(dpu));
  const isToLeave = node?.labels[labels.dpuNode] !== 'true';
  if (staying.length > 0 && (runsHere || !isToLeave)) return undefined;
  // Its daemon has not said yet whether hosts use it, or they do.
  const isUsed = dpus.some(({ status }) => status?.hosts === undefined || status.hosts.length > 0);
  if (runsHere && isUsed) return undefined;
  if (staying.length > 0) return { is: 'ineligible', why: `it has no label ${labels.dpuNode}=true any more` };
  const names = dpus.map(({ metadata }) => metadata.name).join(', ');
  return { is: 'ineligible', why: `its DPU side ${names} is being deleted` };
}

const selectorOf = ({ spec }: ServiceFunctionChain): [string, string][] => Object.entries(spec.nodeSelector ?? {});

const asText = (entries: readonly [string, string][], between = ','): string =>
  entries.map(([key, value]) => `${key}=${value}`).join(between);
