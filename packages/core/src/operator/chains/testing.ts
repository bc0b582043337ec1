/** Chains, their pods and nodes for tests. */
import type { DataProcessingUnit } from '../../api/kinds/data-processing-unit.ts';
import type { NetworkFunctionSpec, ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import type { Pod } from '../../kube/index.ts';
import { networkFunctionPod } from './network-function-pod.ts';
import type { DpuNode } from './nodes.ts';

export function chainOf(names: readonly string[], more: Partial<ServiceFunctionChain> = {}): ServiceFunctionChain {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'ServiceFunctionChain',
    metadata: { name: 'edge', namespace: 'shop', uid: 'u1', generation: 2 },
    spec: { networkFunctions: names.map((name): NetworkFunctionSpec => ({ name, image: `${name}:1` })) },
    ...more,
  };
}

/** A function's pod as it runs. */
export function running(chain: ServiceFunctionChain, name: string, node = 'dpu-1', more: Partial<Pod> = {}): Pod {
  const nf = chain.spec.networkFunctions.find((one) => one.name === name) ?? { name, image: `${name}:1` };
  const { metadata } = networkFunctionPod(chain, nf, node);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...(metadata as Pod['metadata']), uid: `pod-${name}`, ...more.metadata },
    spec: { nodeName: node, containers: [] },
    status: more.status ?? { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

export function dpuSide(name: string, nodeName: string, more: Partial<DataProcessingUnit> = {}): DataProcessingUnit {
  return {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name },
    spec: { isDpuSide: true, nodeName },
    ...more,
  };
}

export function dpuNode(name: string, more: Partial<DpuNode> = {}): DpuNode {
  return {
    name,
    node: { uid: `uid-of-${name}`, labels: { dpu: 'true' } },
    daemon: 'renewed',
    dpus: [dpuSide(`dpu-of-${name}`, name)],
    ...more,
  };
}
