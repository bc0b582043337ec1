import type { DpuOperatorConfig } from '../../api/kinds/dpu-operator-config.ts';
import { networkNames, networkResourceAnnotation, resourceName } from '../../api/names/names.ts';
import { type Applied, controllerReference, networkAttachmentDefinition } from '../../kube/index.ts';

export type Ipam = NonNullable<NonNullable<DpuOperatorConfig['spec']['defaultNetwork']>['ipam']>;

/** Users of the Go operator know these addresses. */
const defaultIpam = {
  type: 'whereabouts',
  range: '10.56.217.0/24',
  range_start: '10.56.217.50',
  range_end: '10.56.217.150',
};

/** The namespace of the network for ordinary pods. */
export const defaultNetworkNamespace = 'default';

/**
 * The NetworkAttachmentDefinitions that pods name in their annotation.
 *
 * @param chainNamespaces where network functions run
 */
export function renderNetworks(config: DpuOperatorConfig, chainNamespaces: readonly string[]): Applied[] {
  return [
    ...chainNamespaces.map((namespace) => renderNetwork(config, networkNames.networkFunction, namespace, undefined)),
    renderNetwork(
      config,
      networkNames.default,
      defaultNetworkNamespace,
      config.spec.defaultNetwork?.ipam ?? defaultIpam,
    ),
  ];
}

export interface ChainNamespaces {
  /** Those in which chains are served: the operator's own, and of the allowed ones those that there are. */
  served: string[];
  /** Allowed ones that do not exist, or not for long. */
  missing: string[];
}

export function chainNamespaces(
  { spec }: DpuOperatorConfig,
  operatorNamespace: string,
  exists: (namespace: string) => boolean,
): ChainNamespaces {
  const allowed = [...new Set(spec.chainNamespaces)].filter((name) => name !== operatorNamespace);
  return {
    served: [operatorNamespace, ...allowed.filter(exists)],
    missing: allowed.filter((name) => !exists(name)),
  };
}

function renderNetwork(config: DpuOperatorConfig, name: string, namespace: string, ipam: Ipam | undefined): Applied {
  return {
    apiVersion: networkAttachmentDefinition.apiVersion,
    kind: networkAttachmentDefinition.kind,
    metadata: {
      name,
      namespace,
      annotations: { [networkResourceAnnotation]: resourceName },
      ownerReferences: [controllerReference(config)],
    },
    spec: { config: networkConfig(name, ipam) },
  };
}

/**
 * The CNI configuration of a network. The types come first: admission, which cannot parse JSON, looks for them there.
 *
 * @param more beside name, type and IPAM; what is undefined is left out
 */
export function networkConfig(name: string, ipam?: Ipam, more: Record<string, unknown> = {}): string {
  const { type, ...rest } = ipam ?? {};
  return JSON.stringify({
    cniVersion: '1.0.0',
    name,
    type: 'dpu-cni',
    ipam: ipam && { type, ...rest },
    ...more,
  });
}
