/** The nodes that have a DPU side, and whether one may run a chain. Pure. */
import type { DataProcessingUnit } from '../../api/data-processing-unit.ts';
import { labels, workloads } from '../../api/names.ts';
import type { ServiceFunctionChain } from '../../api/service-function-chain.ts';
import { isBeingDeleted } from '../../kube/index.ts';

export interface DpuNode {
  name: string;
  /** undefined where there is no Node object of that name. */
  labels: Record<string, string> | undefined;
  /** Whether its daemon renews its Lease. */
  daemonHeard: boolean;
  /** The DPU sides of the node. */
  dpus: readonly DataProcessingUnit[];
}

export type Eligibility =
  | { is: 'eligible' }
  /** What runs there is left as it is, and nothing new begins. */
  | { is: 'unknown'; reason: 'NodeSilent' | 'NodeUnknown'; why: string }
  | { is: 'ineligible'; why: string };

const eligible: Eligibility = { is: 'eligible' };

export interface NodeLookUp {
  /** undefined where there is no Node object of that name. */
  labelsOf(nodeName: string): Record<string, string> | undefined;
  daemonHeard(nodeName: string): boolean;
}

export function dpuNodes(dpus: readonly DataProcessingUnit[], lookUp: NodeLookUp): DpuNode[] {
  const sides = Map.groupBy(
    dpus.filter(({ spec }) => spec.isDpuSide),
    ({ spec }) => spec.nodeName,
  );
  return [...sides].map(([name, own]) => ({
    name,
    labels: lookUp.labelsOf(name),
    daemonHeard: lookUp.daemonHeard(name),
    dpus: own,
  }));
}

/** @param runsHere whether the chain runs on the node already: then a DPU side that hosts still use keeps it */
export function eligibility(node: DpuNode, chain: ServiceFunctionChain, runsHere: boolean): Eligibility {
  const unknown = unknownState(node);
  if (unknown) return unknown;
  const leaving = leavingState(node, runsHere);
  if (leaving) return leaving;
  // The daemon's own label follows the DPU: that it is missing for a moment says nothing.
  const nodeLabels: Record<string, string> = { ...node.labels, [labels.nodeSide]: 'dpu' };
  const lacking = selectorOf(chain).filter(([key, value]) => nodeLabels[key] !== value);
  if (lacking.length === 0) return eligible;
  return { is: 'ineligible', why: `it lacks the labels ${asText(lacking)} of spec.nodeSelector` };
}

export function selectorText(chain: ServiceFunctionChain): string {
  return asText(selectorOf(chain));
}

function unknownState({ name, labels: nodeLabels, daemonHeard }: DpuNode): Eligibility | undefined {
  if (!nodeLabels) {
    return { is: 'unknown', reason: 'NodeUnknown', why: 'there is no Node object of it' };
  }
  // Registered anew, which is nobody's order. One whose label was taken off still has the daemon's.
  if (nodeLabels[labels.dpuNode] !== 'true' && nodeLabels[labels.nodeSide] === undefined) {
    const command = `kubectl label node ${name} ${labels.dpuNode}=true`;
    return { is: 'unknown', reason: 'NodeUnknown', why: `it was registered anew, without labels (${command})` };
  }
  if (daemonHeard) return undefined;
  const look = `kubectl get pods -A -l app=${workloads.daemon} --field-selector spec.nodeName=${name}`;
  const why = `its daemon is not heard of: does the node run, and its daemon (${look})? If it does not come back: kubectl delete node ${name}`;
  return { is: 'unknown', reason: 'NodeSilent', why };
}

function leavingState({ dpus, labels: nodeLabels = {} }: DpuNode, runsHere: boolean): Eligibility | undefined {
  const staying = dpus.filter((dpu) => !isBeingDeleted(dpu));
  const isToLeave = nodeLabels[labels.dpuNode] !== 'true';
  if (staying.length > 0 && (runsHere || !isToLeave)) return undefined;
  // Its daemon has not said yet whether hosts use it, or they do.
  const isUsed = dpus.some(({ status }) => status?.hosts === undefined || status.hosts.length > 0);
  if (runsHere && isUsed) return undefined;
  if (staying.length > 0) return { is: 'ineligible', why: `it has no label ${labels.dpuNode}=true any more` };
  const names = dpus.map(({ metadata }) => metadata.name).join(', ');
  return { is: 'ineligible', why: `its DPU side ${names} is being deleted` };
}

const selectorOf = ({ spec }: ServiceFunctionChain): [string, string][] => Object.entries(spec.nodeSelector ?? {});

const asText = (entries: readonly [string, string][]): string =>
  entries.map(([key, value]) => `${key}=${value}`).join(',');
