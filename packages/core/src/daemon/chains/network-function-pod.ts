/** The pod that runs one network function of a chain. */
import { createHash } from 'node:crypto';
import {
  annotations,
  labels,
  networkNames,
  networksAnnotation,
  operatorNamespace,
  resourceName,
  type ServiceFunctionChain,
  shorten,
} from '../../api/index.ts';
import { type Applied, controllerReference } from '../../kube/index.ts';

export const hostnameLabel = 'kubernetes.io/hostname';

/** The node that runs a chain; its hostname label is not always its name. */
export interface ChainNode {
  name: string;
  hostname: string;
}

/** Label values have at most 63 characters, names up to 253. */
export const labelValue = (name: string): string => shorten(name, 63);

/** The network as a pod of that namespace names it. */
function networkFrom(namespace: string): string {
  const name = networkNames.networkFunction;
  return namespace === operatorNamespace ? name : `${operatorNamespace}/${name}`;
}

/**
 * Two interfaces, net1 towards the hosts and net2 towards the outside, hence two devices. Privileged, because the
 * network functions that exist program their own interfaces and sysctls.
 */
export function networkFunctionPod(
  chain: ServiceFunctionChain,
  networkFunction: { name: string; image: string },
  node: ChainNode,
): Applied {
  const namespace = chain.metadata.namespace ?? operatorNamespace;
  const network = networkFrom(namespace);
  const devices = { [resourceName]: '2' };
  const spec = {
    nodeSelector: { [hostnameLabel]: node.hostname },
    containers: [
      {
        name: networkFunction.name.replaceAll('.', '-').slice(0, 63).replace(/-+$/, ''),
        image: networkFunction.image,
        imagePullPolicy: 'IfNotPresent',
        securityContext: { privileged: true },
        resources: { requests: devices, limits: devices },
      },
    ],
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: networkFunction.name,
      namespace,
      labels: { [labels.chain]: labelValue(chain.metadata.name), [labels.node]: labelValue(node.name) },
      annotations: { [networksAnnotation]: `${network}, ${network}`, [annotations.specHash]: hash(spec) },
      ownerReferences: [controllerReference(chain)],
    },
    spec,
  };
}

const hash = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
