/** Chains in namespaces other than the operator's, each with its own Pod Security. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { argumentsOf, documentCommands } from '../support/documents/readme.ts';
import { eventually } from '../support/eventually.ts';
import type { OperatorFixture } from '../support/on-clusters/operator.ts';
import { operatorIsOn } from './fixture.ts';

const shop = 'shop';
const strict = 'strict-shop';
const config = 'dpu-operator-config';
const network = 'dpunfcni-conf';
const image = 'dpu-operator/tools:dev';

/** What a namespace that enforces `restricted` admits. */
const restricted = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  runAsUser: 65_534,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

interface Conditioned {
  status?: { conditions?: { type: string; status: string; reason: string; message: string }[] };
}

let fixture: OperatorFixture;

beforeAll(async () => {
  fixture = await operatorIsOn();
  await deleteNamespaces();
  for (const [name, level] of [
    [shop, 'privileged'],
    [strict, 'restricted'],
  ]) {
    await fixture.kubectl.run(['create', 'namespace', `${name}`]);
    await fixture.kubectl.run(['label', 'namespace', `${name}`, `pod-security.kubernetes.io/enforce=${level}`]);
  }
  await allow([]);
});
afterAll(async () => {
  await allow(null);
  await deleteNamespaces();
});

const deleteNamespaces = () =>
  fixture.kubectl.run(['delete', 'namespace', shop, strict, '--ignore-not-found', '--timeout=180s']);

/** @param namespaces null takes the field away */
function allow(namespaces: string[] | null): Promise<string> {
  const patch = JSON.stringify({ spec: { chainNamespaces: namespaces } });
  return fixture.kubectl.run(['patch', 'dpuoperatorconfig', config, '--type=merge', '-p', patch]);
}

function apply(namespace: string, securityContext?: object): Promise<string> {
  const chain = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'ServiceFunctionChain',
    metadata: { name: 'edge', namespace },
    spec: { networkFunctions: [{ name: 'firewall', image, ...(securityContext && { securityContext }) }] },
  };
  return fixture.kubectl.run(['apply', '-f', '-'], stringify(chain));
}

async function ready(kind: string, name: string, namespace?: string) {
  const scope = namespace === undefined ? [] : ['-n', namespace];
  const { status } = await fixture.kubectl.json<Conditioned>(['get', kind, name, ...scope]);
  return status?.conditions?.find(({ type }) => type === 'Ready');
}

const says = (namespace: string, reason: string) =>
  eventually(
    `a chain of ${namespace} that says ${reason}`,
    () => ready('sfc', 'edge', namespace),
    (condition) => condition.reason === reason,
  );

async function hasBothInterfaces(namespace: string): Promise<void> {
  const links = await fixture.kubectl.exec('firewall', namespace, ['ip', '-brief', 'link']);
  for (const name of ['net1', 'net2']) expect(links).toMatch(new RegExp(`^${name}\\b`, 'm'));
}

const networks = async () =>
  (
    await fixture.kubectl.run(['get', 'net-attach-def', '-n', shop, '--ignore-not-found', '-o', 'name', network])
  ).trim();

it('is served where an administrator has allowed it, by the command that its condition names', async () => {
  const { kubectl } = fixture;
  await apply(shop);
  const { message } = await says(shop, 'NamespaceNotAllowed');
  expect(await kubectl.run(['get', 'pods', '-n', shop, '-o', 'name'])).toBe('');
  const [documented = ''] = await documentCommands('docs/chains.md', 'In other namespaces');
  expect(message).toContain(documented);
  await kubectl.run(argumentsOf('kubectl', documented));
  await kubectl.wait('condition=Ready', ['sfc/edge'], shop);
  await hasBothInterfaces(shop);
  // Of its own namespace: another's is not in reach of pods where Multus isolates namespaces.
  expect(await networks()).not.toBe('');
});

it('is left as it is, and its network taken away, when its namespace is allowed no more', async () => {
  const { kubectl } = fixture;
  const uid = () => kubectl.run(['get', 'pod', 'firewall', '-n', shop, '-o', 'jsonpath={.metadata.uid}']);
  const before = await uid();
  await allow([]);
  await says(shop, 'NamespaceNotAllowed');
  await eventually('a namespace without the network', networks, (name) => name === '');
  expect(await uid()).toBe(before);
  await kubectl.run(['delete', 'sfc', 'edge', '-n', shop]);
  await kubectl.wait('delete', ['pod/firewall'], shop);
});

it('says in the words of the API server why its namespace does not admit its pods, and runs with less', async () => {
  const { kubectl } = fixture;
  await allow([strict]);
  await apply(strict);
  const { message } = await says(strict, 'PodRefused');
  expect(message).toContain('violates PodSecurity "restricted:latest"');
  expect(message).toContain('spec.networkFunctions[].securityContext');
  await apply(strict, restricted);
  await kubectl.wait('condition=Ready', ['sfc/edge'], strict);
  expect((await kubectl.exec('firewall', strict, ['id', '-u'])).trim()).toBe('65534');
  await hasBothInterfaces(strict);
  await kubectl.run(['delete', 'sfc', 'edge', '-n', strict]);
  await kubectl.wait('delete', ['pod/firewall'], strict);
});

it('is told of a namespace that does not exist by the DpuOperatorConfig', async () => {
  await allow([strict, 'nowhere']);
  const told = (message: string) => message.includes('spec.chainNamespaces names no namespace: nowhere');
  const look = () => ready('dpuoperatorconfig', config);
  await eventually('a config that tells it', look, ({ message }) => told(message));
  await allow([strict]);
  await eventually('a config that tells nothing', look, ({ status, message }) => status === 'True' && !told(message));
});
