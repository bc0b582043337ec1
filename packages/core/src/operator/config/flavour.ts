import { configMap, customResourceDefinition, type KubeStore } from '../../kube/index.ts';

/** What the nodes' directories depend on. */
export type Flavour = 'kubernetes' | 'openshift' | 'microshift';

export interface NodeDirectories {
  cniBin: string;
}

/** MicroShift has OpenShift's kinds partly, so it is asked for first. */
export async function detectFlavour(store: KubeStore): Promise<Flavour> {
  if (await store.get(configMap, 'microshift-version', 'kube-public')) return 'microshift';
  if (await store.get(customResourceDefinition, 'clusterversions.config.openshift.io')) return 'openshift';
  return 'kubernetes';
}

/**
 * Image-mode (ostree) MicroShift looks for plugins in /run/cni/bin instead. Nothing on its API server tells it from
 * package mode: CNI_BIN_DIR of the operator does.
 */
export function nodeDirectories(flavour: Flavour, cniBinDirectory?: string): NodeDirectories {
  const openshift = flavour === 'openshift';
  return {
    cniBin: cniBinDirectory ?? (openshift ? '/var/lib/cni/bin' : '/opt/cni/bin'),
  };
}
