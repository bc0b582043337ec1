import type { DpuOperatorConfig } from '../api/dpu-operator-config.ts';
import { networkNames, networkResourceAnnotation, resourceName } from '../api/names.ts';
import { type Applied, controllerReference, networkAttachmentDefinition } from '../kube/index.ts';

/** Users of the Go operator know these addresses. */
const defaultIpam = {
  type: 'whereabouts',
  range: '10.56.217.0/24',
  range_start: '10.56.217.50',
  range_end: '10.56.217.150',
};

/** The namespace of the network for ordinary pods. */
export const defaultNetworkNamespace = 'default';

/** The NetworkAttachmentDefinitions that pods name in their annotation. */
export function renderNetworks(config: DpuOperatorConfig, namespace: string): Applied[] {
  return [
    renderNetwork(config, networkNames.networkFunction, namespace, undefined),
    renderNetwork(
      config,
      networkNames.default,
      defaultNetworkNamespace,
      config.spec.defaultNetwork?.ipam ?? defaultIpam,
    ),
  ];
}

function renderNetwork(config: DpuOperatorConfig, name: string, namespace: string, ipam: object | undefined): Applied {
  return {
    apiVersion: networkAttachmentDefinition.apiVersion,
    kind: networkAttachmentDefinition.kind,
    metadata: {
      name,
      namespace,
      annotations: { [networkResourceAnnotation]: resourceName },
      ownerReferences: [controllerReference(config)],
    },
    spec: { config: JSON.stringify({ cniVersion: '1.0.0', name, type: 'dpu-cni', ...(ipam && { ipam }) }) },
  };
}
