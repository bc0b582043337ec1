/** The images of the Go operator have in our pods what they have in that operator's own. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { vendorPlugin } from '../../../api/kinds/vendor-plugin.ts';
import { parseEnvironment } from '../../shared/environment.ts';
import { pluginRun } from '../rollout/plugin-run.ts';
import { renderVspPod } from './vsp-pod.ts';

const environment = parseEnvironment({ OPERATOR_IMAGE: 'op:1', VSP_IMAGE: 'vsp:1' }, 'host');
const examples = join(import.meta.dirname, '../../../../../../examples');

function documentsOf(name: string) {
  const text = readFileSync(join(examples, `vendor-plugin-${name}.yaml`), 'utf8');
  return parseAllDocuments(text).map((document) => document.toJS());
}

interface PodSpec {
  containers: [
    {
      image: string;
      command: string[];
      args?: string[];
      env: { name: string; value?: string }[];
      securityContext: object;
      volumeMounts: { name: string; mountPath: string; mountPropagation?: string }[];
    },
  ];
  volumes: { name: string; hostPath: { path: string } }[];
}

function podSpecOf(name: string, side: 'host' | 'dpu'): PodSpec {
  const { metadata, spec } = vendorPlugin.schema.parse(documentsOf(name)[0]);
  const manifest = parsePluginManifest({ dpu: spec.manifest });
  const release = { plugin: metadata.name, source: { kind: 'image' as const }, image: spec.image ?? '', manifest };
  const run = pluginRun({ ...release, ...(spec.pod && { overlay: spec.pod }) }, side, { settings: {} }, 'vsp:1');
  const dpu = {
    apiVersion: 'config.openshift.io/v1',
    kind: 'DataProcessingUnit',
    metadata: { name: 'card', uid: 'd' },
    spec: { isDpuSide: side === 'dpu', nodeName: 'node-a' },
  } as const;
  return renderVspPod(dpu, run, environment).spec as PodSpec;
}

/** Paths of the node by their place in the pod, with their propagation. */
function mountsOf({ containers: [{ volumeMounts }], volumes }: PodSpec): Record<string, string> {
  const paths = new Map(volumes.map(({ name, hostPath }) => [name, hostPath.path]));
  const text = (name: string, propagation = 'None') => `${paths.get(name)} ${propagation}`;
  return Object.fromEntries(
    volumeMounts.map(({ name, mountPath, mountPropagation }) => [mountPath, text(name, mountPropagation)]),
  );
}

const everyones = { '/host': '/ Bidirectional', '/var/run': '/var/run None', '/proc': '/proc Bidirectional' };
const ofP4 = { '/opt/p4/p4-cp-nws/var': '/opt/p4/p4-cp-nws/var Bidirectional' };
const registry = 'registry.example.com';

/** As its manifests `bindata/vsp/<card>/99.vsp-pod.yaml` have it. */
const goPods = [
  {
    name: 'marvell',
    container: { command: ['/vsp-mrvl'] },
    env: [{ name: 'MarvellVspCpAgentImage', value: `${registry}/marvell-cp-agent:latest` }],
    mounts: { ...everyones, ...ofP4 },
  },
  { name: 'intel-netsec', container: { command: ['/vsp-intel-netsec'] }, env: [], mounts: everyones },
  {
    name: 'intel-ipu',
    container: {
      command: ['/ipuplugin'],
      args: [
        '-v=debug',
        `--p4rtName=vsp-p4-service.${environment.namespace}.svc.cluster.local`,
        `--p4Image=${registry}/intel-p4-sdk:latest`,
      ],
    },
    env: [],
    mounts: { ...everyones, ...ofP4 },
  },
];

for (const { name, container, env, mounts } of goPods) {
  test.each(['host', 'dpu'] as const)(`${name}, %s side`, (side) => {
    const spec = podSpecOf(name, side);
    expect(spec).toMatchObject({
      hostNetwork: true,
      hostPID: true,
      dnsPolicy: 'ClusterFirstWithHostNet',
      terminationGracePeriodSeconds: 180,
      containers: [
        {
          image: `${registry}/${name}-vsp:latest`,
          ...container,
          securityContext: { privileged: true, runAsUser: 0 },
        },
      ],
    });
    expect(spec.containers[0].args).toEqual(container.args);
    expect(spec.containers[0].env).toEqual(expect.arrayContaining(env));
    const socket = { '/var/run/dpu-daemon/vendor-plugin': '/var/run/dpu-daemon/vsp/card None' };
    expect(mountsOf(spec)).toEqual({ ...mounts, ...socket });
  });
}

interface Rule {
  apiGroups: string[];
  resources: string[];
  resourceNames?: string[];
  verbs: string[];
}

test("the IPU's image may do what it does there: it applies objects for its P4 SDK, and takes them away", () => {
  const rules = (kind: string) =>
    documentsOf('intel-ipu')
      .filter((document) => document.kind === kind)
      .flatMap(({ rules }) => rules as Rule[]);
  const may = (all: Rule[], group: string, resource: string) =>
    all.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.includes(group) && resources.includes(resource) ? verbs : [],
    );
  const applied = ['get', 'list', 'watch', 'create', 'update', 'delete'];
  for (const [group, resource] of [
    ['', 'serviceaccounts'],
    ['', 'services'],
    ['', 'persistentvolumeclaims'],
    ['apps', 'daemonsets'],
    ['rbac.authorization.k8s.io', 'roles'],
    ['rbac.authorization.k8s.io', 'rolebindings'],
  ] as const) {
    expect(may(rules('Role'), group, resource), resource).toEqual(expect.arrayContaining(applied));
  }
  expect(may(rules('ClusterRole'), '', 'persistentvolumes')).toEqual(expect.arrayContaining(applied));
  // It gives these on to the ServiceAccount of the P4 SDK, which it may only while it has them.
  expect(may(rules('Role'), 'security.openshift.io', 'securitycontextconstraints')).toEqual(['use']);
});
