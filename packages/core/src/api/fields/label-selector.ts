/** Mistakes in a label selector that would select nothing, or all. */
import { type CelRule, rules } from '../kinds/kind.ts';

/**
 * What Kubernetes itself asks of one of `matchExpressions`; told by the API server alone, as one that another version stored is to be
 * read all the same.
 *
 * @param exempt a key that is no label's
 */
export function requirementRules(exempt?: string): { 'x-kubernetes-validations': CelRule[] } {
  const unless = exempt === undefined ? '' : `self.key == '${exempt}' || `;
  return rules(
    {
      rule: `${unless}self.operator in ['In', 'NotIn', 'Exists', 'DoesNotExist']`,
      message: 'must be In, NotIn, Exists or DoesNotExist',
      fieldPath: '.operator',
      reason: 'FieldValueInvalid',
    },
    {
      rule: `${unless}!(self.operator in ['In', 'NotIn']) || (has(self.values) && size(self.values) > 0)`,
      message: 'In and NotIn need values',
      fieldPath: '.values',
      reason: 'FieldValueRequired',
    },
    {
      rule: `${unless}!(self.operator in ['Exists', 'DoesNotExist']) || !has(self.values) || size(self.values) == 0`,
      message: 'Exists and DoesNotExist take no values',
      fieldPath: '.values',
      reason: 'FieldValueInvalid',
    },
  );
}
