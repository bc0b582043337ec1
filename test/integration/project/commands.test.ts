/** The commands of Makefile and Taskfile.yaml where the cluster is not what they need: they say so, and change nothing. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { repositoryRoot } from '../../cluster/paths.ts';
import { attempt } from '../../cluster/run.ts';
import { ensureKubectl } from '../../cluster/tools.ts';
import { versions } from '../../cluster/versions.ts';

const images = { OPERATOR_IMAGE: 'o:1', VSP_IMAGE: 'v:1' };
const namespaced = '/namespaces/openshift-dpu-operator';
const deployment = `/apis/apps/v1${namespaced}/deployments/dpu-operator-controller-manager`;

/** Objects of the cluster by their path. */
let objects: Record<string, object>;
/** What was asked that changes something. */
let changes: string[];
let denied: string[];
let server: Server;
let directory: string;

beforeAll(async () => void (await ensureKubectl(console.log)), 1_200_000);
beforeEach(async () => {
  [changes, denied] = [[], []];
  const metadata = { name: 'kube-system', uid: 'one' };
  objects = { '/api/v1/namespaces/kube-system': { apiVersion: 'v1', kind: 'Namespace', metadata } };
  directory = await mkdtemp(join(tmpdir(), "a cluster's "));
  server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

const groups = {
  'admissionregistration.k8s.io/v1': [],
  'apiextensions.k8s.io/v1': [
    { name: 'customresourcedefinitions', shortNames: ['crd'], kind: 'CustomResourceDefinition', namespaced: false },
  ],
  'apps/v1': [{ name: 'deployments', kind: 'Deployment', namespaced: true }],
  'config.openshift.io/v1': [{ name: 'dataprocessingunits', kind: 'DataProcessingUnit', namespaced: false }],
  'authorization.k8s.io/v1': [{ name: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', namespaced: false }],
  v1: [
    { name: 'namespaces', kind: 'Namespace', namespaced: false },
    { name: 'configmaps', kind: 'ConfigMap', namespaced: true },
  ],
};

/** As much of an API server as kubectl asks before anything is changed. */
async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = (body: object, status = 200) => {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
  };
  const path = request.url?.split('?')[0] ?? '';
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  if (path.endsWith('/selfsubjectaccessreviews')) {
    const review = JSON.parse(Buffer.concat(chunks).toString());
    const allowed = !denied.includes(review.spec.resourceAttributes.resource);
    return answer({ ...review, status: { allowed } }, 201);
  }
  if (request.method !== 'GET') changes.push(`${request.method} ${path}`);
  if (path === '/version') return answer({ major: '1', minor: '36', gitVersion: versions.kubernetes });
  if (path === '/api') return answer({ kind: 'APIVersions', versions: ['v1'] });
  if (path === '/apis') return answer({ kind: 'APIGroupList', apiVersion: 'v1', groups: groupList() });
  const group = path.replace(/^\/apis?\//, '');
  const resources = groups[group as keyof typeof groups];
  if (resources) {
    const verbs = ['get', 'create'];
    const listed = resources.map((resource) => ({ ...resource, singularName: '', verbs }));
    return answer({ kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group, resources: listed });
  }
  const found = objects[path];
  return found ? answer(found) : answer({ kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 }, 404);
}

function groupList() {
  const named = Object.keys(groups).filter((group) => group.includes('/'));
  return named.map((groupVersion) => {
    const [name, version] = groupVersion.split('/');
    return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
  });
}

/** A kubeconfig of the cluster, at a path with spaces and a quote. */
function kubeconfig(name = 'kubeconfig', content?: string): string {
  const path = join(directory, name);
  const { port } = server.address() as AddressInfo;
  const access = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}` } }],
    users: [{ name: 'u', user: {} }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(path, content ?? JSON.stringify(access));
  return path;
}

async function refusal(command: string, env: Record<string, string>): Promise<string> {
  const argv = [process.execPath, join(repositoryRoot, 'scripts/commands.ts'), command];
  const { exitCode, stderr } = await attempt(argv, { env: { ...images, ...env } });
  expect({ exitCode, changes }).toEqual({ exitCode: 1, changes: [] });
  return stderr.trim();
}

it.each([
  ['is empty', '', /current-context/],
  ['is no YAML', '{{', /yaml/],
  ['has no current context', JSON.stringify({ apiVersion: 'v1', kind: 'Config' }), /current-context/],
])('a kubeconfig that %s is refused, and no other cluster is taken', async (_, content, message) => {
  const path = kubeconfig('kubeconfig', content);
  const said = await refusal('deploy-1c', { KUBECONFIG_HOST: path });
  expect(said).toMatch(message);
  expect(said).toContain(`KUBECONFIG_HOST=${path}`);
});

it('a cluster that does not answer is named, by its variable', async () => {
  const path = kubeconfig();
  server.close();
  expect(await refusal('undeploy-1c', { KUBECONFIG_HOST: path })).toMatch(
    /^the cluster \(KUBECONFIG_HOST=.*\) does not answer: .*refused/,
  );
});

it('who interrupts a command is told how to go on', async () => {
  const env = { ...process.env, ...images, KUBECONFIG_HOST: kubeconfig() };
  const asked = new Promise<void>((resolve) => {
    server.removeAllListeners('request');
    // Never answered.
    server.on('request', () => resolve());
  });
  const child = spawn(process.execPath, [join(repositoryRoot, 'scripts/commands.ts'), 'undeploy-1c'], { env });
  const ended = once(child, 'close');
  await asked;
  child.kill('SIGINT');
  expect(await text(child.stderr)).toBe('interrupted: what is done stays, and the same command goes on from there\n');
  expect((await ended)[0]).toBe(130);
});

it('two kubeconfigs of one cluster are refused where there must be two', async () => {
  const env = { KUBECONFIG_HOST: kubeconfig('host'), KUBECONFIG_DPU: kubeconfig('dpu') };
  for (const command of ['deploy', 'undeploy']) expect(await refusal(command, env)).toContain('are the same cluster');
});

it.each([
  ['deploy-1c', 'create'],
  ['undeploy-1c', 'delete'],
])('%s does nothing where it may do half of it', async (command, verb) => {
  denied = ['clusterroles', 'deployments'];
  expect(await refusal(command, { KUBECONFIG_HOST: kubeconfig() })).toContain(
    `may not ${verb} deployments, clusterroles`,
  );
});

it.each(['deploy-1c', 'undeploy-1c', 'redeploy-1c'])('%s leaves the Go operator alone', async (command) => {
  objects[deployment] = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'dpu-operator-controller-manager' },
    spec: { selector: { matchLabels: { 'control-plane': 'controller-manager' } } },
  };
  expect(await refusal(command, { KUBECONFIG_HOST: kubeconfig() })).toMatch(/the Go operator.*make migrate/);
});

it('the way back of a migration that was begun is not removed', async () => {
  const name = 'dpu-operator-migration';
  objects[`/api/v1${namespaced}/configmaps/${name}`] = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } };
  expect(await refusal('undeploy-1c', { KUBECONFIG_HOST: kubeconfig() })).toContain('or go back (make migrate-back)');
});

it('kinds stay while they have objects that only the operator lets go of', async () => {
  const [apiVersion, kind] = ['config.openshift.io/v1', 'DataProcessingUnit'];
  const crd = 'dataprocessingunits.config.openshift.io';
  objects[`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd}`] = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crd },
  };
  const held = { apiVersion, kind, metadata: { name: 'card', finalizers: ['dpu-operator.io/daemon'] } };
  const free = { apiVersion, kind, metadata: { name: 'other' } };
  objects[`/apis/${apiVersion}/dataprocessingunits`] = { apiVersion, kind: `${kind}List`, items: [held, free] };
  const said = await refusal('uninstall-crds', { KUBECONFIG: kubeconfig() });
  expect(said).toMatch(/^DataProcessingUnit card: its finalizer .*dpuctl.mjs uninstall --without-operator/);
});
