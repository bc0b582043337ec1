/** ValidatingAdmissionPolicies: what RBAC cannot say. They need Kubernetes 1.30. */
import { operatorNamespace } from '../../api/names.ts';

export interface Policy {
  name: string;
  /** The ServiceAccount whose requests it looks at; nobody else's. */
  account: string;
  /** What it looks at. */
  on: {
    apiGroup: string;
    apiVersion: string;
    resource: string;
    operations: readonly ('CREATE' | 'UPDATE' | 'DELETE')[];
  };
  /** CEL: the requests of that account that it is about. Default: all. */
  only?: string;
  /** The object that `params` is; without it the policy says nothing. */
  params?: {
    apiVersion: string;
    kind: string;
    name: string;
  };
  /** CEL by name, in order: a later one may use earlier ones. */
  variables: Record<string, string>;
  rules: readonly PolicyRule[];
}

export interface PolicyRule {
  /** CEL: false refuses the request. */
  expression: string;
  /** Told to who is refused, and in docs/rights.md. */
  message: string;
}

const apiVersion = 'admissionregistration.k8s.io/v1';

/** The policy and its binding. */
export function renderPolicy({ name, account, on, only, params, variables, rules }: Policy): object[] {
  const username = `system:serviceaccount:${operatorNamespace}:${account}`;
  const conditions = [{ name: 'account', expression: `request.userInfo.username == '${username}'` }];
  if (only !== undefined) conditions.push({ name: 'only', expression: only });
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        failurePolicy: 'Fail',
        ...(params && { paramKind: { apiVersion: params.apiVersion, kind: params.kind } }),
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [on.apiGroup],
              apiVersions: [on.apiVersion],
              resources: [on.resource],
              operations: on.operations,
            },
          ],
        },
        matchConditions: conditions,
        variables: Object.entries(variables).map(([key, expression]) => ({ name: key, expression })),
        // As RBAC answers: it is a matter of who asks.
        validations: rules.map((rule) => ({ ...rule, reason: 'Forbidden' })),
      },
    },
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata: { name },
      spec: {
        policyName: name,
        validationActions: ['Deny'],
        // Not Deny: without the object that would refuse everybody, before it is asked whose request it is.
        ...(params && { paramRef: { name: params.name, parameterNotFoundAction: 'Allow' } }),
      },
    },
  ];
}
