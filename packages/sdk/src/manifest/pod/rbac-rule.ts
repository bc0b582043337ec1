/** Schema of the rights on the Kubernetes API that a plugin needs. */
import { z } from 'zod';

/** With these a ServiceAccount gets at rights that its rules do not name. */
const escalating: readonly string[] = ['escalate', 'bind', 'impersonate'];
/** Kinds whose rights are as good as any. */
const powerful: readonly string[] = [
  'rbac.authorization.k8s.io',
  'admissionregistration.k8s.io',
  'certificates.k8s.io',
];
/** What has no namespace cannot be granted in one. */
const clusterScoped: readonly string[] = ['nodes', 'namespaces', 'persistentvolumes', 'componentstatuses'];

const isNamed = (text: string) => text !== '*';
const named = z.string().min(1).refine(isNamed, 'must be named, * is not shown to anybody who approves it');

const resource = named.refine(
  (text) => !clusterScoped.includes(text),
  'is in no namespace, and cannot be granted in one',
);
const verb = named.refine((text) => !escalating.includes(text), 'gives rights that are not shown here');
const apiGroup = z
  .string()
  .refine(isNamed, 'must be named, * is not shown to anybody who approves it')
  .refine((text) => !powerful.includes(text), 'gives rights that are not shown here');

export const rbacRule = z.strictObject({
  apiGroups: z.array(apiGroup).min(1).describe('The empty text for pods, services and their like'),
  resources: z.array(resource).min(1),
  verbs: z.array(verb).min(1),
  resourceNames: z.array(named).min(1).describe('Only objects of these names. Default: all').optional(),
});
