/** Which node runs a chain. Pure. */
import { labels } from '../../api/names.ts';
import type { ServiceFunctionChain } from '../../api/service-function-chain.ts';
import { firstTen } from '../../listed.ts';
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
  /** The node on which it runs now, where that has a DPU side. */
  here: DpuNode | undefined;
  /** All that have a DPU side; asked for only where it is to go to another. */
  nodes: () => readonly DpuNode[];
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
export function place({ chain, here, nodes, current, nodeOf, chainsOn }: PlacementInput): Placement {
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
  const candidates = nodes();
  const best = leastLoaded(chain, candidates, chainsOn);
  if (!best) return { is: 'nowhere', message: nowhere(chain, candidates) };
  if (best.verdict.is !== 'unproven') return { is: 'on', node: best.name };
  return { is: 'awaited', message: `node ${best.name} may run it, but ${best.verdict.why}` };
}

/** Of thousands of nodes only those are looked into that have fewer chains than the best so far. */
function leastLoaded(chain: ServiceFunctionChain, nodes: readonly DpuNode[], chainsOn: PlacementInput['chainsOn']) {
  let best: { name: string; load: number; verdict: Eligibility } | undefined;
  for (const node of nodes) {
    const { name } = node;
    const load = chainsOn(name);
    if (best && (load > best.load || (load === best.load && name > best.name))) continue;
    const verdict = eligibility(node, chain, undefined);
    if (verdict.is === 'eligible' || verdict.is === 'unproven') best = { name, load, verdict };
  }
  return best;
}

function nowhere(chain: ServiceFunctionChain, nodes: readonly DpuNode[]): string {
  if (nodes.length === 0) {
    return `no node has a DPU side: label those that are DPUs (kubectl label node <node> ${labels.dpuNode}=true) and look at kubectl get dpu`;
  }
  const reasons = nodes.map((node) => {
    const verdict = eligibility(node, chain, undefined);
    return `${node.name}: ${verdict.is === 'eligible' ? 'may run it' : verdict.why}`;
  });
  const selector = selectorText(chain);
  const advice =
    selector === '' ? '' : `; label one that may (kubectl label node <node> ${selector.replaceAll(',', ' ')})`;
  return `no node with a DPU side may run it now: ${firstTen(reasons)}${advice}`;
}
