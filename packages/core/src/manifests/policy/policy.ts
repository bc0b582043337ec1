/** ValidatingAdmissionPolicies: what RBAC cannot say. They need Kubernetes 1.30. */
import { operatorNamespace } from '../../api/names/names.ts';

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
    /** Only objects of these names. Default: all. */
    names?: readonly string[];
    /** Only objects with this label. Default: all. */
    selector?: string;
  };
  /**
   * The object that `params` is; without it, and while the API server cannot look for it, the policy says nothing.
   * Narrow `on` to what only this project has: the API server looks for the object before it asks whose request it is.
   */
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
export function renderPolicy({ name, account, on, params, variables, rules }: Policy): object[] {
  const username = `system:serviceaccount:${operatorNamespace}:${account}`;
  return [
    {
      apiVersion,
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name },
      spec: {
        // Where the kind of params is not known (yet, or any more), Fail would refuse everybody.
        failurePolicy: params ? 'Ignore' : 'Fail',
        ...(params && { paramKind: { apiVersion: params.apiVersion, kind: params.kind } }),
        matchConstraints: {
          resourceRules: [
            {
              apiGroups: [on.apiGroup],
              apiVersions: [on.apiVersion],
              resources: [on.resource],
              operations: on.operations,
              ...(on.names && { resourceNames: on.names }),
            },
          ],
          ...(on.selector && { objectSelector: { matchExpressions: [{ key: on.selector, operator: 'Exists' }] } }),
        },
        matchConditions: [{ name: 'account', expression: `request.userInfo.username == '${username}'` }],
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
