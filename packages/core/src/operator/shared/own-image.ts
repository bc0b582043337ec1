import { type KubeStore, pod } from '../../kube/index.ts';

/** Name of the operator's container in its Deployment. */
export const operatorContainer = 'manager';

/**
 * The image that the operator's own pod runs; the daemons run it too. So the Deployment is the only place that names it,
 * whatever tool fills it in.
 *
 * @throws Error that says what to set where the pod cannot be found
 */
export async function ownImage(store: KubeStore, namespace: string, podName: string): Promise<string> {
  const self = await store.get(pod, podName, namespace);
  const image = self?.spec.containers.find(({ name }) => name === operatorContainer)?.image;
  if (image) return image;
  const what = self ? `no container called ${operatorContainer}` : 'no such pod';
  throw new Error(`cannot tell which image the daemons run: ${namespace}/${podName}: ${what}; set OPERATOR_IMAGE`);
}
