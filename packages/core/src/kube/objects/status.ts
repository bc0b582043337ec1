import { type ConditionInput, findCondition, setCondition } from '../../api/fields/conditions.ts';
import type { Condition } from '../../api/fields/meta.ts';
import type { KubeObject, ResourceType } from './resource.ts';
import type { KubeStore } from './store.ts';

interface Conditioned extends KubeObject {
  status?: { conditions?: Condition[] | undefined } | undefined;
}

/**
 * Writes the conditions that one manager owns, and nothing when they stand there already. Others' conditions
 * stay; what the manager wrote before and leaves out now goes with its next write.
 *
 * @returns the conditions whose status or reason is new: worth an event.
 */
export async function applyConditions<T extends Conditioned>(
  store: KubeStore,
  type: ResourceType<T>,
  object: T,
  owned: readonly ConditionInput[],
  options: { fieldManager: string },
): Promise<Condition[]> {
  const current = object.status?.conditions;
  let next: readonly Condition[] = current ?? [];
  for (const input of owned) {
    next = setCondition(next, { ...input, observedGeneration: object.metadata.generation });
  }
  if (next === current) return [];
  const { name, namespace, uid } = object.metadata;
  const types = new Set(owned.map((condition) => condition.type));
  const conditions = next.filter((condition) => types.has(condition.type));
  await store.applyStatus(
    type,
    { apiVersion: object.apiVersion, kind: object.kind, metadata: { name, namespace, uid }, status: { conditions } },
    { fieldManager: options.fieldManager },
  );
  return conditions.filter((condition) => {
    const before = findCondition(current, condition.type);
    return before?.status !== condition.status || before.reason !== condition.reason;
  });
}
