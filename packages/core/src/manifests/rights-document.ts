/** Writes docs/rights.md from the rights. */
import { operatorNamespace, workloads } from '../api/names/names.ts';
import { policies } from './policy/index.ts';
import type { Policy } from './policy/policy.ts';
import { roleName } from './rbac.ts';
import { processes } from './rights/index.ts';
import { injectorRights } from './rights/injector.ts';
import { type MetricsRight, type SharedRole, sharedRoles } from './rights/people.ts';
import type { Grant, ProcessRights, Right } from './rights/right.ts';

const policyIntro = `## Admission policies

Made from \`packages/core/src/manifests/policy\`; they are part of \`config/default\`. They need Kubernetes 1.30, which
also puts the node of a daemon's pod into its token. On older clusters leave the directory out: what the tables above say is
all that holds then. Nobody but these two ServiceAccounts meets them.

A refused request is answered with the sentence of its row.

When a cluster is upgraded from before 1.30, tokens of daemons that run may not name their node yet, and are refused: first
\`kubectl rollout restart ds/${workloads.daemon} -n ${operatorNamespace}\`, then install the policies.
`;

const intro = `# What each component may do, and why

Made by \`make manifests\` from \`packages/core/src/manifests/rights\`, as is the RBAC in \`config/deploy\` and \`config/injector\`.

All ServiceAccounts are in \`${operatorNamespace}\`. Who is trusted with what: [threat-model.md](threat-model.md).
`;

export function rightsDocument(): string {
  const people = ['## For people and monitoring\n', ...sharedRoles.map(sharedSection)];
  const admission = [policyIntro, ...Object.values(policies).flat().map(policySection)];
  return [intro, ...[...processes, injectorRights].map(processSection), ...people, ...admission].join('\n');
}

function processSection({ account, is, grants }: ProcessRights): string {
  return [`## ${account}\n`, `${is}\n`, ...grants.map((grant) => grantSection(account, grant))].join('\n');
}

function grantSection(account: string, grant: Grant): string {
  const where = grant.namespace === undefined ? 'In the whole cluster' : `In namespace \`${grant.namespace}\``;
  const kind = grant.namespace === undefined ? 'ClusterRole' : 'Role';
  return `${where} (${kind} \`${roleName(account, grant)}\`):\n\n${table(grant.rights)}`;
}

function sharedSection({ name, aggregateTo, is, rights }: SharedRole): string {
  const added = aggregateTo.map((role) => `\`${role}\``).join(', ');
  const how = aggregateTo.length > 0 ? `Part of ${added}. ` : '';
  return `### ClusterRole \`${name}\`\n\n${how}${is}\n\n${table(rights)}`;
}

function policySection({ name, account, on, rules }: Policy): string {
  const what = `${account}, ${on.operations.map((operation) => operation.toLowerCase()).join(', ')} of \`${on.resource}\``;
  return `### \`${name}\`\n\n${what}:\n\n${rules.map(({ message }) => `- ${message}`).join('\n')}\n`;
}

function table(rights: readonly (Right | MetricsRight)[]): string {
  const rows = rights.map((right) => `| ${whatOf(right)} | ${right.verbs.join(', ')} | ${right.why} |`);
  return ['| what | verbs | why |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

function whatOf(right: Right | MetricsRight): string {
  if ('path' in right) return `\`${right.path}\``;
  const { apiGroup, resources, names } = right;
  const listed = resources.map((resource) => `\`${resource}\``).join(', ');
  const inGroup = apiGroup === '' ? '' : ` of ${apiGroup}`;
  const only = names ? `, only ${names.map((name) => `\`${name}\``).join(', ')}` : '';
  return `${listed}${inGroup}${only}`;
}
