import { isBeingDeleted, type KubeStore, pod } from '../../kube/index.ts';

/**
 * Evicts the pods of a node that are named `namespace/name`. One of the same name on another node is another pod.
 *
 * @returns what the PodDisruptionBudgets do not allow now, in words.
 */
export async function evictPods(store: KubeStore, nodeName: string, names: readonly string[]): Promise<string[]> {
  const refusals = names.map(async (key) => {
    const [namespace = '', name = ''] = key.split('/');
    // A container whose pod nobody knows any more: its end comes by itself.
    if (name === '') return [];
    const found = await store.get(pod, name, namespace);
    if (!found || isBeingDeleted(found) || found.spec.nodeName !== nodeName) return [];
    const refusal = await store.evict(name, namespace, found.metadata.uid);
    return refusal === undefined ? [] : [`${key} (${refusal})`];
  });
  return (await Promise.all(refusals)).flat();
}
