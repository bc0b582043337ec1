/** Failures of a reconciliation that are no answer of the API server: they concern one object, whose condition tells of them. */
import { cutText } from '@dpu-operator/sdk/cut-text';
import type { ConditionInput } from '../../api/fields/conditions.ts';
import { ApiError } from '../../kube/index.ts';

/** What to say of an error; undefined for one of the API server, which passes or which the log tells of. */
export function faultCondition(type: string, error: unknown): ConditionInput | undefined {
  if (error instanceof ApiError || (error instanceof Error && error.name === 'AbortError')) return undefined;
  const detail = cutText(error instanceof Error ? error.message : String(error), 1_000);
  const message = `the operator cannot go on with it: ${detail}; what runs stays as it is, and it is tried again. This is a fault of the operator, or of what another version wrote into the object: please report it with the object (kubectl get -o yaml)`;
  return { type, status: 'False', reason: 'OperatorFault', message };
}
