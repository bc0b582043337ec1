import { KubeConfig } from '@kubernetes/client-node';
import { ApiClient } from './api-client.ts';
import { KubeStore } from './store.ts';

/** The cluster of KUBECONFIG, of ~/.kube/config, or of the pod that this process runs in. */
export function connectStore(): KubeStore {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  return new KubeStore(new ApiClient(kubeConfig));
}
