/** The NetworkAttachmentDefinitions of DpuNetworks. */
import type { OwnerReference } from '../../api/fields/meta.ts';
import type { DpuNetwork } from '../../api/kinds/dpu-network.ts';
import {
  acceleratedNetwork,
  acceleratedResource,
  labels,
  networkBridgeId,
  networkNad,
  networkResource,
  networkResourceAnnotation,
} from '../../api/names/names.ts';
import { type Applied, controllerReference, type KubeObject, networkAttachmentDefinition } from '../../kube/index.ts';
import { defaultNetworkNamespace, networkConfig } from './networks.ts';

/** Goes with its DpuNetwork. */
export function renderNetworkNad(network: DpuNetwork): Applied {
  const { name } = network.metadata;
  const { ipam, mtu } = network.spec;
  const config = networkConfig(networkNad(name), ipam, { BridgeID: networkBridgeId(name), mtu });
  return nad(name, networkResource(name), config, [controllerReference(network)]);
}

/** Whether this operator made it for a DpuNetwork, or the Go operator, which writes an annotation and no label. */
export function isOfNetworks({ metadata }: Pick<KubeObject, 'metadata'>): boolean {
  return labels.network in { ...metadata.annotations, ...metadata.labels };
}

/** By which accelerated network functions get the devices that their card has for them. Goes with the last of these. */
export function renderAcceleratedNad(networks: readonly DpuNetwork[]): Applied {
  const owners = networks.map((network) => {
    const { controller: _, blockOwnerDeletion: __, ...owner } = controllerReference(network);
    return owner;
  });
  const config = networkConfig(networkNad(acceleratedNetwork));
  return nad(acceleratedNetwork, acceleratedResource, config, owners);
}

function nad(network: string, resource: string, config: string, ownerReferences: OwnerReference[]): Applied {
  return {
    apiVersion: networkAttachmentDefinition.apiVersion,
    kind: networkAttachmentDefinition.kind,
    metadata: {
      name: networkNad(network),
      namespace: defaultNetworkNamespace,
      labels: { [labels.network]: network },
      annotations: { [networkResourceAnnotation]: resource, [labels.network]: network },
      ownerReferences,
    },
    spec: { config },
  };
}
