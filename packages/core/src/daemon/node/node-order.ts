/** What administrators want of this node. Pure. */
import type { DpuSide } from '@dpu-operator/sdk/manifest';
import { type DpuOperatorConfig, labels } from '../../api/index.ts';
import { isBeingDeleted, type Node } from '../../kube/index.ts';
import type { Presence } from '../presence.ts';

export type NodeOrder =
  /** Its DPUs are to be detected and served. */
  | { is: 'serve'; mode: 'auto' | DpuSide }
  /** Nothing of the operator is to stay on it. @property by whose end it is: without the label the daemon's pod goes */
  | { is: 'leave'; by: 'config' | 'nodeLabel'; reason: string }
  /** Not known: what is served is served on, nothing new begins. */
  | { is: 'wait'; reason: string };

/**
 * A node that an administrator has taken the label `dpu=true` from still has the daemon's own. One without either was
 * registered anew, which is nobody's order.
 */
export function nodeOrder(config: Presence<DpuOperatorConfig>, node: Node | undefined): NodeOrder {
  if (config.is === 'unknown') return { is: 'wait', reason: config.reason };
  if (config.is === 'gone') return { is: 'leave', by: 'config', reason: 'the DpuOperatorConfig was deleted' };
  if (isBeingDeleted(config.value)) {
    return { is: 'leave', by: 'config', reason: 'the DpuOperatorConfig is being deleted' };
  }
  if (!node) return { is: 'wait', reason: 'the node has no Node object' };
  const { name, labels: nodeLabels = {} } = node.metadata;
  if (nodeLabels[labels.dpuNode] === 'true') return { is: 'serve', mode: config.value.spec.mode };
  if (nodeLabels[labels.nodeSide] === undefined) return { is: 'wait', reason: `node ${name} has no label dpu=true` };
  return { is: 'leave', by: 'nodeLabel', reason: `node ${name} has no label dpu=true any more` };
}
