import { KubeConfig } from '@kubernetes/client-node';
import { KubeStore } from '../objects/store.ts';
import { ApiClient } from './api-client.ts';

export interface ConnectOptions {
  /** A kubeconfig file. Default: KUBECONFIG, ~/.kube/config, or the pod that this process runs in. */
  kubeconfig?: string | undefined;
  /** Default: the kubeconfig's current one. */
  context?: string | undefined;
}

/** @throws Error that names the kubeconfig where there is none, it cannot be read, or has no such context. */
export function connectStore({ kubeconfig, context }: ConnectOptions = {}): KubeStore {
  const kubeConfig = load(kubeconfig);
  if (context !== undefined) {
    const names = kubeConfig.getContexts().map(({ name }) => name);
    if (!names.includes(context)) {
      throw new Error(`--context: the kubeconfig has no context ${context}; it has ${names.join(', ') || 'none'}`);
    }
    kubeConfig.setCurrentContext(context);
  }
  return new KubeStore(new ApiClient(kubeConfig));
}

function load(file: string | undefined): KubeConfig {
  const kubeConfig = new KubeConfig();
  try {
    if (file === undefined) kubeConfig.loadFromDefault();
    else kubeConfig.loadFromFile(file);
  } catch (cause) {
    const where = file ?? process.env.KUBECONFIG ?? '~/.kube/config';
    const [why] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new Error(`${where} is no kubeconfig: ${why}`, { cause });
  }
  // What the library takes where it finds none: nobody named it.
  if (file === undefined && kubeConfig.getCurrentCluster()?.server === 'http://localhost:8080') {
    throw new Error('there is no kubeconfig: set KUBECONFIG, or run in a pod');
  }
  return kubeConfig;
}
