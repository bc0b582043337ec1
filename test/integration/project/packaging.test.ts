/** Kustomize and Helm make the same installation of what `make manifests` writes. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { attempt, run } from '../../cluster/run.ts';
import { ensureKubectl } from '../../cluster/tools.ts';
import { versions } from '../../cluster/versions.ts';
import { documentCommands, fencedBlocks } from '../../support/documents/readme.ts';
import { ensureHelm, ensureOperatorVerify } from '../../support/programs/go-tools.ts';

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
let operatorVerify: string;
beforeAll(async () => {
  helm = await ensureHelm(console.log);
  kubectl = await ensureKubectl(console.log);
  operatorVerify = await ensureOperatorVerify(console.log);
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

it('images are named where docs/install.md says, and reach the operator and what it starts', async () => {
  const documented = fencedBlocks(await readFile('docs/install.md', 'utf8')).filter(({ info }) => info === 'yaml');
  const [{ lines } = { lines: [] }] = documented;
  const directory = await mkdtemp(join(tmpdir(), 'kustomize-'));
  try {
    await cp('config', directory, { recursive: true });
    const file = join(directory, 'default/kustomization.yaml');
    const { images } = parse(lines.join('\n'));
    await writeFile(file, JSON.stringify({ ...parse(await readFile(file, 'utf8')), images }));
    const { image, env } = manager(await kustomized(join(directory, 'default')));
    expect([image, env.VSP_IMAGE]).toEqual([
      'registry.example.com/dpu/operator:1.0.0',
      'registry.example.com/dpu/vsp:1.0.0',
    ]);
  } finally {
    await rm(directory, { recursive: true });
  }
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
  ['logLevel="loud"', /logLevel/],
  ['images.operator.digest="abc"', /digest/],
  ['imagess.operator.tag="1"', /imagess/],
  ['images.vsp.repository="r.example.com/vsp:1"', /images.vsp.repository/],
  ['images.operator.tag="a b"', /images.operator.tag/],
  ['resources={"limitz":{}}', /limitz/],
  ['resources={"limits":{"memory":"12 Zi"}}', /resources.limits.memory/],
  ['nodeSelector={"a":1}', /nodeSelector.a/],
  ['tolerations=[{"keyy":"x"}]', /keyy/],
  ['affinity={"nodes":1}', /nodes/],
  ['imagePullSecrets=[{"name":"A b"}]', /imagePullSecrets.0.name/],
  // It would stand in what a VendorPlugin says.
  ['npmRegistry="https://user:password@npm.example.com/"', /npmRegistry/],
  ['proxy.https="proxy.example.com:3128"', /proxy.https/],
  // Its hook would fail, and with it the removal.
  ['uninstall.timeoutSeconds=86401', /uninstall.timeoutSeconds/],
  // Helm takes a value away that is set to null.
  ['proxy=null', /'proxy'/],
  ['resources=null', /'resources'/],
  ['images.vsp.tag=null', /images.vsp.*'tag'/s],
])('%s is refused by name', async (value, message) => {
  const result = await attempt([helm, ...template, '--namespace', namespace, '--set-json', value]);
  expect(result.exitCode).not.toBe(0);
  expect(result.stderr).toMatch(message);
});

it('another namespace is refused', async () => {
  const { exitCode, stderr } = await attempt([helm, ...template, '--namespace', 'default']);
  expect(exitCode).not.toBe(0);
  expect(stderr).toContain(`--namespace ${namespace} --create-namespace`);
});

describe('the OLM bundle', () => {
  const csv = 'bundle/manifests/dpu-operator.clusterserviceversion.yaml';

  it('has no error and no warning of the Operator Framework, which sees one that is there', async () => {
    expect(await attempt([operatorVerify, 'manifests', 'bundle'])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
    const broken = await mkdtemp(join(tmpdir(), 'bundle-'));
    try {
      await cp('bundle', broken, { recursive: true });
      const text = await readFile(csv, 'utf8');
      await writeFile(join(broken, csv.replace('bundle/', '')), text.replace(/version: 0\S+/, 'version: none'));
      const { exitCode, stdout, stderr } = await attempt([operatorVerify, 'manifests', broken]);
      expect({ failed: exitCode !== 0, told: /version/.test(stdout + stderr) }).toEqual({ failed: true, told: true });
    } finally {
      await rm(broken, { recursive: true });
    }
  });

  it('has policies and injector beside it in config/olm, all that there are', async () => {
    const [base, injector, beside] = await Promise.all(
      ['config/default', 'config/injector', 'config/olm'].map(kustomized),
    );
    const policies = [...(base ?? [])].filter(([, { kind }]) => /Policy/.test(kind));
    expect(policies.map(([, { kind }]) => kind)).toContain('NetworkPolicy');
    expect(beside).toEqual(new Map([...(injector ?? []), ...policies]));
  });

  it('gives every ServiceAccount what config/default gives it, and runs the same Deployment', async () => {
    const base = await kustomized('config/default');
    // Beside the bundle, with its rights.
    base.delete('ServiceAccount network-resources-injector');
    const { spec } = parse(await readFile(csv, 'utf8'));
    const { clusterPermissions, permissions, deployments } = spec.install.spec;
    for (const [account, { kind }] of [...base].filter(([, object]) => object.kind === 'ServiceAccount')) {
      const name = account.replace(`${kind} `, '');
      const rulesOf = (list: { serviceAccountName: string; rules: unknown[] }[]) =>
        list.filter(({ serviceAccountName }) => serviceAccountName === name).flatMap(({ rules }) => rules);
      const role = (key: string) => (base.get(key) as { rules?: unknown[] } | undefined)?.rules ?? [];
      expect(rulesOf(permissions)).toEqual(role(`Role ${name}`));
      expect(rulesOf(clusterPermissions)).toEqual(expect.arrayContaining(role(`ClusterRole dpu-operator:${name}`)));
    }
    expect(deployments[0].spec).toEqual(base.get('Deployment dpu-operator-controller-manager')?.spec);
  });

  it('has, as the rest, images by digest where a release names them so', async () => {
    const output = await mkdtemp(join(tmpdir(), 'release-'));
    const images = ['operator', 'vsp'].map((name) => `r.example.com:5000/dpu/${name}@sha256:${'b'.repeat(64)}`);
    const [operator = '', vsp = ''] = images;
    try {
      const [command = ''] = (await documentCommands('docs/install.md', 'OLM')).filter((line) =>
        line.startsWith('node '),
      );
      const [, ...args] = command.replace(' release ', ` ${output} `).split(' ');
      const pinned = [operator, vsp].values();
      await run([process.execPath, ...args.map((word) => (word.startsWith('<') ? (pinned.next().value ?? '') : word))]);
      const { metadata, spec } = parse(await readFile(join(output, csv), 'utf8'));
      expect(spec.relatedImages.map(({ image }: { image: string }) => image)).toEqual(images);
      expect(metadata.annotations['features.operators.openshift.io/disconnected']).toBe('true');
      const deployments = [
        byName(await run([kubectl, 'kustomize', join(output, 'config/dpu')])),
        byName(await run([helm, 'template', 'x', join(output, chart), ...kubeVersion, '--namespace', namespace])),
      ];
      for (const objects of deployments) {
        const { image, env } = manager(objects);
        expect([image, env.VSP_IMAGE]).toEqual(images);
      }
    } finally {
      await rm(output, { recursive: true });
    }
  });
});
