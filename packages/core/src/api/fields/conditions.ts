import type { Condition } from './meta.ts';

export type ConditionInput = Omit<Condition, 'lastTransitionTime'>;

/**
 * The conditions with this one put in its place, in a new array. `lastTransitionTime` moves only when the status
 * does, as the API's conventions ask. Returns the same array when nothing changed, so that callers can skip a write.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  input: ConditionInput,
  now: Date = new Date(),
): readonly Condition[] {
  const current = conditions ?? [];
  const old = findCondition(current, input.type);
  // RFC 3339 with whole seconds: what metav1.Time keeps.
  const lastTransitionTime =
    old?.status === input.status ? old.lastTransitionTime : `${now.toISOString().slice(0, 19)}Z`;
  const next: Condition = { ...input, lastTransitionTime };
  if (!old) return [...current, next];
  if (sameCondition(old, next)) return current;
  return current.map((condition) => (condition.type === input.type ? next : condition));
}

/** Also of a kind of Kubernetes' own, whose conditions say less. */
export function findCondition<T extends { type: string }>(
  conditions: readonly T[] | undefined,
  type: string,
): T | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isConditionTrue(
  conditions: readonly { type: string; status: string }[] | undefined,
  type: string,
): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

function sameCondition(a: Condition, b: Condition): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}
