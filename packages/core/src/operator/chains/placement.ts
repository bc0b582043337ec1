/** Which node runs a chain. Pure. */
import { labels } from '../../api/names.ts';
import type { ServiceFunctionChain } from '../../api/service-function-chain.ts';
import { firstTen } from '../../listed.ts';
import { type DpuNode, eligibility, selectorText } from './nodes.ts';

export type Placement =
  | { is: 'on'; node: string }
  /** Not known whether it may stay there: nothing is made, moved or deleted. */
  | { is: 'held'; node: string; reason: 'NodeSilent' | 'NodeUnknown'; message: string }
  | { is: 'nowhere'; message: string };

export interface PlacementInput {
  chain: ServiceFunctionChain;
  nodes: readonly DpuNode[];
  /** Where it runs now. */
  current: string | undefined;
  /** undefined where there is no Node object of that name. */
  labelsOf: (nodeName: string) => Record<string, string> | undefined;
  /** How many other chains a node has. */
  chainsOn: (nodeName: string) => number;
}

/**
 * A chain stays where it is as long as it may, or as that is not known. Otherwise it goes to the eligible node with the
 * fewest chains, the first by name among equals.
 */
export function place({ chain, nodes, current, labelsOf, chainsOn }: PlacementInput): Placement {
  const here = nodes.find(({ name }) => name === current);
  const kept = here && eligibility(here, chain, true);
  if (here && kept?.is === 'eligible') return { is: 'on', node: here.name };
  if (here && kept?.is === 'unknown') {
    const message = `node ${here.name}: ${kept.why}; the chain is left there as it is`;
    return { is: 'held', node: here.name, reason: kept.reason, message };
  }
  // The daemon takes its label off when the DPU side goes: an object that is not to be seen says nothing.
  if (!here && current !== undefined && labelsOf(current)?.[labels.nodeSide] === 'dpu') {
    const message = `node ${current} has a DPU side by its label ${labels.nodeSide}, and no DataProcessingUnit of it is to be seen (kubectl get dpu); the chain is left there as it is`;
    return { is: 'held', node: current, reason: 'NodeUnknown', message };
  }
  const [best] = nodes
    .filter((node) => eligibility(node, chain, false).is === 'eligible')
    .map(({ name }) => ({ name, load: chainsOn(name) }))
    .sort((a, b) => a.load - b.load || (a.name < b.name ? -1 : 1));
  if (best) return { is: 'on', node: best.name };
  return { is: 'nowhere', message: nowhere(chain, nodes) };
}

function nowhere(chain: ServiceFunctionChain, nodes: readonly DpuNode[]): string {
  if (nodes.length === 0) {
    return `no node has a DPU side: label those that are DPUs (kubectl label node <node> ${labels.dpuNode}=true) and look at kubectl get dpu`;
  }
  const reasons = nodes.map((node) => {
    const verdict = eligibility(node, chain, false);
    return `${node.name}: ${verdict.is === 'eligible' ? 'may run it' : verdict.why}`;
  });
  const selector = selectorText(chain);
  const advice =
    selector === '' ? '' : `; label one that may (kubectl label node <node> ${selector.replaceAll(',', ' ')})`;
  return `no node with a DPU side may run it now: ${firstTen(reasons)}${advice}`;
}
