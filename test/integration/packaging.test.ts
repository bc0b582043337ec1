/** Kustomize and Helm make the same installation of what `make manifests` writes. */
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { attempt, run } from '../cluster/run.ts';
import { ensureKubectl } from '../cluster/tools.ts';
import { versions } from '../cluster/versions.ts';
import { ensureHelm } from '../support/helm.ts';

interface KubeObject {
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
  imagePullSecrets?: unknown[];
  spec?: {
    template?: { spec: { containers: { image: string; env: { name: string; value?: string }[] }[] } };
  };
}

const chart = 'charts/dpu-operator';
const namespace = 'openshift-dpu-operator';
/** Without it a helm built from source takes an old version for that of the cluster. */
const kubeVersion = ['--kube-version', versions.kubernetes];
const template = ['template', 'dpu-operator', chart, ...kubeVersion];
let helm: string;
let kubectl: string;
beforeAll(async () => {
  helm = await ensureHelm(console.log);
  kubectl = await ensureKubectl(console.log);
}, 1_200_000);

async function rendered(...args: string[]): Promise<Map<string, KubeObject>> {
  return byName(await run([helm, ...template, '--namespace', namespace, ...args]));
}

async function kustomized(directory: string): Promise<Map<string, KubeObject>> {
  return byName(await run([kubectl, 'kustomize', directory]));
}

function byName(yaml: string): Map<string, KubeObject> {
  const objects = parseAllDocuments(yaml).flatMap((document) => (document.toJS() as KubeObject | null) ?? []);
  const nameOf = ({ kind, metadata }: KubeObject) => {
    const place = metadata.namespace === undefined || metadata.namespace === namespace ? '' : `${metadata.namespace}/`;
    return `${kind} ${place}${metadata.name}`;
  };
  return new Map(objects.map((object) => [nameOf(object), object]));
}

function manager(objects: Map<string, KubeObject>) {
  const [container] = objects.get('Deployment dpu-operator-controller-manager')?.spec?.template?.spec.containers ?? [];
  const env = Object.fromEntries(container?.env.map(({ name, value }) => [name, value]) ?? []);
  return { image: container?.image, env };
}

it('helm lint has nothing to say', async () => {
  await run([helm, 'lint', '--strict', ...kubeVersion, '--namespace', namespace, chart]);
});

it('the chart has what config/default has, but for the namespace', async () => {
  const base = await kustomized('config/default');
  const objects = await rendered('--set', 'images.operator.tag=dev,images.vsp.tag=dev');
  const hooks = [...objects].filter(([, { metadata }]) => metadata.annotations?.['helm.sh/hook']);
  expect(hooks.map(([name]) => name)).toHaveLength(4);
  for (const [name] of hooks) objects.delete(name);
  expect([...objects.keys(), `Namespace ${namespace}`].sort()).toEqual([...base.keys()].sort());
  for (const [name, { imagePullSecrets, ...object }] of objects) {
    expect(imagePullSecrets ?? []).toEqual([]);
    if (object.kind === 'CustomResourceDefinition') delete object.metadata.annotations;
    if (object.kind !== 'Deployment') expect(object).toEqual(base.get(name));
  }
  const ours = manager(objects);
  const theirs = manager(base);
  expect(ours.image).toBe(theirs.image);
  expect(ours.env).toEqual({
    ...theirs.env,
    LOG_LEVEL: 'info',
    NPM_REGISTRY: '',
    HTTP_PROXY: '',
    HTTPS_PROXY: '',
    NO_PROXY: '',
    CNI_BIN_DIR: '',
  });
});

it.each([
  ['one-cluster', { mode: 'auto', logLevel: 0 }],
  ['host', { mode: 'host', logLevel: 0 }],
  ['dpu', { mode: 'dpu', logLevel: 0 }],
  ['dev', { mode: 'auto', logLevel: 1 }],
])('config/%s is config/default, turned on', async (overlay, spec) => {
  const [base, objects] = await Promise.all([kustomized('config/default'), kustomized(`config/${overlay}`)]);
  expect(objects.get('DpuOperatorConfig dpu-operator-config')?.spec).toEqual(spec);
  objects.delete('DpuOperatorConfig dpu-operator-config');
  if (overlay === 'dev') {
    const { image, env } = manager(objects);
    expect({ image, env }).toEqual({
      image: manager(base).image,
      env: { ...manager(base).env, LOG_LEVEL: 'debug', IMAGE_PULL_POLICIES: 'Always' },
    });
    for (const each of [base, objects]) each.delete('Deployment dpu-operator-controller-manager');
  }
  expect(objects).toEqual(base);
});

it('images are named in one place, by tag or digest', async () => {
  const { version } = parse(await readFile(`${chart}/Chart.yaml`, 'utf8'));
  expect(manager(await rendered()).image).toBe(`dpu-operator/operator:${version}`);
  const digest = `sha256:${'a'.repeat(64)}`;
  const images = `images.operator.repository=r.example.com/op,images.operator.digest=${digest},images.vsp.tag=v7`;
  const { image, env } = manager(await rendered('--set', images));
  expect(image).toBe(`r.example.com/op@${digest}`);
  expect(env.VSP_IMAGE).toBe('dpu-operator/vsp:v7');
});

it('values reach the pod as they are', async () => {
  const set = ['--set-json', 'nodeSelector={"a":"b"}', '--set-json', 'imagePullSecrets=[{"name":"s"}]'];
  const objects = await rendered(...set, '--set', 'policies.enabled=false,crds.enabled=false,uninstall.enabled=false');
  expect(objects.get('Deployment dpu-operator-controller-manager')?.spec?.template?.spec).toMatchObject({
    nodeSelector: { a: 'b' },
  });
  expect(objects.get('ServiceAccount dpu-vsp')?.imagePullSecrets).toEqual([{ name: 's' }]);
  const kinds = new Set([...objects.values()].map(({ kind }) => kind));
  expect([...kinds].filter((kind) => /Policy|CustomResource|Job/.test(kind))).toEqual(['NetworkPolicy']);
});

it.each([
  ['logLevel=loud', /logLevel/],
  ['images.operator.digest=abc', /digest/],
  ['imagess.operator.tag=1', /imagess/],
])('%s is refused by name', async (value, message) => {
  const result = await attempt([helm, ...template, '--namespace', namespace, '--set', value]);
  expect(result.exitCode).not.toBe(0);
  expect(result.stderr).toMatch(message);
});

it('another namespace is refused', async () => {
  const { exitCode, stderr } = await attempt([helm, ...template, '--namespace', 'default']);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(`--namespace ${namespace} --create-namespace`);
});
