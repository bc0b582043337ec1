import { KubeConfig } from '@kubernetes/client-node';
import { ApiClient } from './api-client.ts';
import { KubeStore } from './store.ts';

export interface ConnectOptions {
  /** A kubeconfig file. Default: KUBECONFIG, ~/.kube/config, or the pod that this process runs in. */
  kubeconfig?: string | undefined;
  /** Default: the kubeconfig's current one. */
  context?: string | undefined;
}

/** @throws Error when the kubeconfig cannot be read, or has no such context. */
export function connectStore({ kubeconfig, context }: ConnectOptions = {}): KubeStore {
  const kubeConfig = new KubeConfig();
  if (kubeconfig === undefined) kubeConfig.loadFromDefault();
  else kubeConfig.loadFromFile(kubeconfig);
  if (context !== undefined) {
    const names = kubeConfig.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new Error(`--context: the kubeconfig has no context ${context}; it has ${names.join(', ') || 'none'}`);
    }
    kubeConfig.setCurrentContext(context);
  }
  return new KubeStore(new ApiClient(kubeConfig));
}
