/** OpenShift admits every pod that the operator is made of and makes, under the SCC that the pod names. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import { dpuOperatorConfig } from '../api/kinds/dpu-operator-config.ts';
import { serviceFunctionChain } from '../api/kinds/service-function-chain.ts';
import { apiVersion } from '../api/names/names.ts';
import { renderNodePod } from '../migrate/node/pod.ts';
import { networkFunctionPod } from '../operator/chains/network-function-pod.ts';
import { renderDaemonSet } from '../operator/config/daemon-set.ts';
import { nodeDirectories } from '../operator/config/flavour.ts';
import { renderInstallPod } from '../operator/dpu/install/install-pod.ts';
import { renderVspPod } from '../operator/dpu/pod/vsp-pod.ts';
import { pluginRun } from '../operator/dpu/rollout/plugin-run.ts';
import { parseEnvironment } from '../operator/shared/environment.ts';
import { uninstallHook } from './chart/uninstall-hook.ts';
import { defaults, deployment, namespace } from './deployment.ts';
import { injectorDeployment } from './injector.ts';
import { jobObjects } from './migrate.ts';
import { removeCaches } from './remove-caches.ts';
import { processes } from './rights/index.ts';
import { againstBaseline, againstRestricted, againstRestrictedV2, type PodSpec } from './testing/pod-rules.ts';

interface PodTemplate {
  metadata: { annotations?: Record<string, string> };
  spec: PodSpec & { serviceAccountName?: string };
}

const requiredScc = 'openshift.io/required-scc';
const environment = parseEnvironment({ OPERATOR_IMAGE: 'op:1', VSP_IMAGE: 'vsp:1' }, 'host');
const root = join(import.meta.dirname, '../../../..');

const templateOf = (object: object) => (object as { spec: { template: PodTemplate } }).spec.template;
const operator = templateOf(deployment(defaults));
const [hook] = uninstallHook('op:1', 'IfNotPresent').filter((object) => (object as { kind: string }).kind === 'Job');
const uninstall = templateOf(hook ?? {});

const [, , migrationJob] = jobObjects('dpu-operator-migrate', 'start');
const migrationPod = renderNodePod({
  node: 'node-a',
  mode: 'look',
  image: 'op:1',
  cniDirectory: '/opt/cni',
  dpus: [],
}) as PodTemplate;

const config = dpuOperatorConfig.schema.parse({
  apiVersion,
  kind: 'DpuOperatorConfig',
  metadata: { name: 'c', uid: 'u' },
});
const daemon = templateOf(renderDaemonSet(config, environment, nodeDirectories('openshift')));

const chain = serviceFunctionChain.schema.parse({
  apiVersion,
  kind: 'ServiceFunctionChain',
  metadata: { name: 'c', namespace: 'n', uid: 'u' },
  spec: { networkFunctions: [{ name: 'nf', image: 'nf:1' }] },
});
const [nf = { name: '', image: '' }] = chain.spec.networkFunctions;
const networkFunction = networkFunctionPod(chain, nf, 'node') as unknown as PodTemplate;

const dpu = {
  apiVersion,
  kind: 'DataProcessingUnit',
  metadata: { name: 'card-host', uid: 'd' },
  spec: { isDpuSide: false, nodeName: 'node-a' },
} as const;

function podsOf(file: string): [string, PodTemplate][] {
  const { name, version, dpu: manifest } = JSON.parse(readFileSync(join(root, file), 'utf8'));
  const release = {
    plugin: name,
    version,
    source: { kind: 'npm', packageName: name, version, integrity: 'sha512-x', lock: 'lock-7' },
    manifest: parsePluginManifest({ name, version, dpu: manifest }),
  } as const;
  const run = pluginRun(release, 'host', { settings: {} }, 'vsp:1');
  return [
    [`VSP of ${name}`, renderVspPod(dpu, run, environment) as unknown as PodTemplate],
    [`installation of ${name}`, renderInstallPod(dpu, run, undefined, environment) as unknown as PodTemplate],
  ];
}

const plugins = globSync('packages/vsp-*/package.json', { cwd: root }).flatMap(podsOf);

test.each<[string, PodTemplate]>([
  ['operator', operator],
  ['injector', templateOf(injectorDeployment(defaults))],
  ['removal by Helm', uninstall],
  ['migration', templateOf(migrationJob ?? {})],
])('%s needs nothing that restricted-v2, or the level restricted, forbids', (_, { metadata, spec }) => {
  expect(metadata.annotations).toMatchObject({ [requiredScc]: 'restricted-v2' });
  expect(againstRestrictedV2(spec)).toEqual([]);
  expect(againstRestricted(spec)).toEqual([]);
});

test("the operator's image names its user by a number other than 0, as runAsNonRoot needs", () => {
  const image = readFileSync(join(root, 'images/operator/Containerfile'), 'utf8');
  expect(image).toMatch(/^USER [1-9]\d*(:\d+)?$/m);
});

test.each<[string, PodTemplate]>([
  ['daemon', daemon],
  ['network function', networkFunction],
  ['migration on a node', migrationPod],
  ['removal of caches', templateOf(removeCaches().at(-1) ?? {})],
  ...plugins,
])('%s names the SCC privileged, which it needs', (_, { metadata, spec }) => {
  expect(metadata.annotations).toMatchObject({ [requiredScc]: 'privileged' });
  expect(againstRestrictedV2(spec)).not.toEqual([]);
  expect(againstBaseline(spec)).not.toEqual([]);
});

test('whose pods need the SCC privileged may use it, in the namespaces where they are', () => {
  const mayUse = processes.filter(({ grants }) =>
    grants.some(({ rights }) =>
      rights.some(({ verbs, names }) => verbs.includes('use') && names?.includes('privileged')),
    ),
  );
  expect(mayUse.map(({ account }) => account).sort()).toEqual([
    'dpu-daemon',
    // Makes the pods of chains, in the namespaces of users.
    'dpu-operator-controller-manager',
    'dpu-vsp',
  ]);
});

test('a network function that is not privileged is left to the SCCs of its namespace', () => {
  const least = networkFunctionPod(chain, { ...nf, securityContext: { runAsUser: 1 } }, 'node');
  expect(JSON.stringify(least.metadata)).not.toContain(requiredScc);
});

test('the namespace lets in what its pods need', () => {
  const { metadata } = namespace() as { metadata: { labels: Record<string, string> } };
  expect(metadata.labels['pod-security.kubernetes.io/enforce']).toBe('privileged');
});
