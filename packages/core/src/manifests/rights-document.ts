/** Writes docs/rights.md from the rights. */
import { operatorNamespace } from '../api/names.ts';
import { roleName } from './rbac.ts';
import { processes } from './rights/index.ts';
import { type MetricsRight, type SharedRole, sharedRoles } from './rights/people.ts';
import type { Grant, ProcessRights, Right } from './rights/right.ts';

const intro = `# What each component may do, and why

Made by \`make manifests\` from \`packages/core/src/manifests/rights\`, as is the RBAC in \`config/deploy\`.

All ServiceAccounts are in \`${operatorNamespace}\`. Who is trusted with what: [threat-model.md](threat-model.md).
`;

export function rightsDocument(): string {
  const people = ['## For people and monitoring\n', ...sharedRoles.map(sharedSection)];
  return [intro, ...processes.map(processSection), ...people].join('\n');
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
