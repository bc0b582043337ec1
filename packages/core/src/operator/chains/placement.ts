/** Which node runs a chain. Pure. */
import type { ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { labels } from '../../api/names/names.ts';
import { firstTen } from '../../first-ten.ts';
import { type DpuNode, type Eligibility, eligibility, type NodeObject, type Site, selectorText } from './nodes.ts';

export type Placement =
  | { is: 'on'; node: string }
  /** Not known whether it may stay there: nothing is made, moved or deleted. */
  | { is: 'held'; node: string; reason: 'NodeSilent' | 'NodeUnknown'; message: string }
  /** Soon known whether the node that it would go to lives: nothing is made, moved or deleted until then. */
  | { is: 'awaited'; message: string }
  | { is: 'nowhere'; message: string };

export interface PlacementInput {
  chain: ServiceFunctionChain;
  /** Names of the nodes that have a DPU side, sorted. */
  nodeNames: readonly string[];
  /** undefined where no node of that name has a DPU side. */
  dpuNodeOf: (nodeName: string) => DpuNode | undefined;
  /** Where it runs now. */
  current: Site | undefined;
  /** undefined where there is no Node object of that name. */
  nodeOf: (nodeName: string) => NodeObject | undefined;
  /** How many other chains a node has. */
  chainsOn: (nodeName: string) => number;
}

/**
 * A chain stays where it is as long as it may, or as that is not known. Otherwise it goes to the eligible node with the
 * fewest chains, the first by name among equals. One that may have died unseen is waited for: in place of it, the first
 * whose daemon is heard would get all.
 */
export function place(input: PlacementInput): Placement {
  const { chain, dpuNodeOf, current, nodeOf } = input;
  const here = current && dpuNodeOf(current.node);
  const kept = here && eligibility(here, chain, current);
  if (here && kept?.is === 'eligible') return { is: 'on', node: here.name };
  if (here && kept?.is === 'unknown') {
    const message = `node ${here.name}: ${kept.why}; the chain is left there as it is`;
    return { is: 'held', node: here.name, reason: kept.reason, message };
  }
  // The daemon takes its label off when the DPU side goes: an object that is not to be seen says nothing.
  if (!here && current && nodeOf(current.node)?.labels[labels.nodeSide] === 'dpu') {
    const message = `node ${current.node} has a DPU side by its label ${labels.nodeSide}, and no DataProcessingUnit of it is to be seen (kubectl get dpu); the chain is left there as it is`;
    return { is: 'held', node: current.node, reason: 'NodeUnknown', message };
  }
  const best = leastLoaded(input);
  if (!best) return { is: 'nowhere', message: nowhere(input) };
  if (best.verdict.is !== 'unproven') return { is: 'on', node: best.name };
  return { is: 'awaited', message: `node ${best.name} may run it, but ${best.verdict.why}` };
}

/** Of thousands of nodes only those are looked into that have fewer chains than the best so far. */
function leastLoaded({ chain, nodeNames, dpuNodeOf, chainsOn }: PlacementInput) {
  let best: { name: string; load: number; verdict: Eligibility } | undefined;
  for (const name of nodeNames) {
    const load = chainsOn(name);
    if (best && load >= best.load) continue;
    const node = dpuNodeOf(name);
    const verdict = node && eligibility(node, chain, undefined);
    if (verdict?.is !== 'eligible' && verdict?.is !== 'unproven') continue;
    best = { name, load, verdict };
    if (load === 0) break;
  }
  return best;
}

function nowhere({ chain, nodeNames, dpuNodeOf }: PlacementInput): string {
  if (nodeNames.length === 0) {
    return `no node has a DPU side: label those that are DPUs (kubectl label node <node> ${labels.dpuNode}=true) and look at kubectl get dpu`;
  }
  const reasons = nodeNames.flatMap((name) => {
    const node = dpuNodeOf(name);
    const verdict = node && eligibility(node, chain, undefined);
    return verdict && verdict.is !== 'eligible' ? [`${name}: ${verdict.why}`] : [];
  });
  const selector = selectorText(chain);
  const advice =
    selector === '' ? '' : `; label one that may (kubectl label node <node> ${selector.replaceAll(',', ' ')})`;
  return `no node with a DPU side may run it now: ${firstTen(reasons)}${advice}`;
}
