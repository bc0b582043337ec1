/** The pod that runs one network function of a chain. */
import { createHash } from 'node:crypto';
import type { NetworkFunctionSpec, ServiceFunctionChain } from '../../api/kinds/service-function-chain.ts';
import { annotations, labels, networkNames, networksAnnotation, resourceName } from '../../api/names/names.ts';
import { labelValue } from '../../api/names/paths.ts';
import { requiredScc } from '../../api/names/scc.ts';
import { type Applied, controllerReference, type Pod } from '../../kube/index.ts';
import { onNode } from '../shared/on-node.ts';

/** The network of the chain's own namespace: Multus may be set to give pods no other's. */
const networks = `${networkNames.networkFunction}, ${networkNames.networkFunction}`;

/**
 * Two interfaces, net1 towards the hosts and net2 towards the outside, hence two devices. Privileged where the chain
 * does not ask for less, because the network functions that exist program their own interfaces and sysctls.
 */
export function networkFunctionPod(chain: ServiceFunctionChain, nf: NetworkFunctionSpec, nodeName: string): Applied {
  const devices = { [resourceName]: '2' };
  const spec = {
    affinity: onNode(nodeName),
    containers: [
      {
        name: nf.name.replaceAll('.', '-').slice(0, 63).replace(/-+$/, ''),
        image: nf.image,
        imagePullPolicy: 'IfNotPresent',
        securityContext: nf.securityContext ?? { privileged: true },
        resources: { requests: devices, limits: devices },
      },
    ],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: nf.name,
      namespace: chain.metadata.namespace,
      labels: {
        [labels.chain]: labelValue(chain.metadata.name),
        [labels.node]: labelValue(nodeName),
      },
      annotations: {
        [networksAnnotation]: networks,
        [annotations.specHash]: hash(spec),
        // One that asks for less is left to what its namespace may use.
        ...(!nf.securityContext && requiredScc('privileged')),
      },
      ownerReferences: [controllerReference(chain)],
    },
    spec,
  };
}

/** Whether a pod is what would be made now. */
export function isAsWanted(pod: Pod, wanted: Applied): boolean {
  const hashes = wanted.metadata.annotations as Record<string, string>;
  return pod.metadata.annotations?.[annotations.specHash] === hashes[annotations.specHash];
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
