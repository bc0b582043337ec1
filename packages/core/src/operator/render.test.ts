import { expect, test } from 'vitest';
import { dpuOperatorConfig } from '../api/dpu-operator-config.ts';
import { annotations } from '../api/names.ts';
import type { Pod } from '../kube/index.ts';
import type { InstalledPlugin } from '../plugins/installed.ts';
import { renderDaemonSet } from './daemon-set.ts';
import { parseEnvironment } from './environment.ts';
import { nodeDirectories } from './flavour.ts';
import { renderNetworks } from './networks.ts';
import { renderVspPod } from './vsp-pod.ts';
import { vspPodCondition } from './vsp-pod-status.ts';

const environment = parseEnvironment({ OPERATOR_IMAGE: 'op:1', VSP_IMAGE: 'vsp:1', LOG_LEVEL: '' }, 'host');
const metadata = { name: 'dpu-operator-config', uid: 'u' };
const config = dpuOperatorConfig.schema.parse({
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  metadata,
  spec: { logLevel: 3 },
});

const plugin: InstalledPlugin = {
  packageName: '@vendor/vsp',
  version: '1.0.0',
  directory: '/plugins/vsp',
  manifest: {
    contract: '^1.0.0',
    products: [{ name: 'Card' }],
    privileges: {
      privileged: false,
      capabilities: ['NET_ADMIN'],
      hostPaths: [{ path: '/sys', readOnly: true }],
      hostNetwork: true,
      seccomp: 'RuntimeDefault',
    },
    programs: [],
    disturbsTraffic: false,
    settings: {},
  },
};

const dpu = {
  apiVersion: 'config.openshift.io/v1',
  kind: 'DataProcessingUnit',
  metadata: { name: 'card-host', uid: 'd' },
  spec: { isDpuSide: false, nodeName: 'node-a' },
} as const;

test('a wrong environment names every variable', () => {
  expect(() => parseEnvironment({ LEADER_ELECTION: 'maybe', HEALTH_PORT: 'x' }, 'host')).toThrow(
    /LEADER_ELECTION: .*; HEALTH_PORT: /,
  );
});

test('the daemons run where the nodes are labelled, with the directories of the flavour', () => {
  const set = JSON.stringify(renderDaemonSet(config, environment, nodeDirectories('kubernetes')));
  expect(set).toContain('"nodeSelector":{"dpu":"true"}');
  expect(set).toContain('{"name":"CNI_BIN_DIR","value":"/opt/cni/bin"}');
  expect(set).toContain('{"name":"LOG_LEVEL","value":"debug"}');
  expect(set).toContain('"mountPath":"/var/run/netns","mountPropagation":"HostToContainer"');
  const openshift = JSON.stringify(renderDaemonSet(config, environment, nodeDirectories('openshift')));
  expect(openshift).toContain('"mountPath":"/var/lib/cni/bin"');
  expect(openshift).toContain('"mountPath":"/var/lib/cni"');
  expect(openshift).toContain('"mountPath":"/etc/kubernetes/cni/net.d"');
  expect(nodeDirectories('microshift', '/run/cni/bin').cniBin).toBe('/run/cni/bin');
});

test('the networks keep the addresses that users know, unless the config has others', () => {
  const [functions, pods] = renderNetworks(config, 'ns').map(({ spec }) =>
    JSON.parse((spec as { config: string }).config),
  );
  expect(functions).toEqual({ cniVersion: '1.0.0', name: 'dpunfcni-conf', type: 'dpu-cni' });
  expect(pods.ipam).toMatchObject({ type: 'whereabouts', range: '10.56.217.0/24', range_start: '10.56.217.50' });
  const ipam = { type: 'host-local', ranges: [[{ subnet: '10.0.0.0/24' }]] };
  const other = { ...config, spec: { ...config.spec, defaultNetwork: { ipam } } };
  expect(JSON.stringify(renderNetworks(other, 'ns')[1])).toContain('host-local');
});

test('a VSP pod has what its manifest asks for, and another hash for other settings', () => {
  const pod = renderVspPod(dpu, plugin, { a: 1 }, environment);
  const text = JSON.stringify(pod);
  expect(pod.metadata).toMatchObject({ name: 'vsp-card-host', labels: { app: 'vsp', 'dpu-name': 'card-host' } });
  expect(text).toContain('"securityContext":{"capabilities":{"add":["NET_ADMIN"]}}');
  expect(text).toContain('"mountPath":"/var/run/dpu-daemon/vendor-plugin"');
  expect(text).toContain('"path":"/var/run/dpu-daemon/vsp/card-host"');
  expect(text).toContain('"mountPath":"/sys","readOnly":true');
  expect(text).toContain('"key":"metadata.name","operator":"In","values":["node-a"]');
  const hash = (settings: object) =>
    (renderVspPod(dpu, plugin, settings, environment).metadata.annotations as Record<string, string>)[
      annotations.specHash
    ];
  expect(hash({ a: 1 })).toBe(hash({ a: 1 }));
  expect(hash({ a: 2 })).not.toBe(hash({ a: 1 }));
});

test('the pod’s condition says why it does not run, and where to look', () => {
  const base: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'vsp-x', namespace: 'ns' },
    spec: { containers: [] },
  };
  const status = (container: object): Pod => ({
    ...base,
    status: { containerStatuses: [{ name: 'vsp', ready: false, restartCount: 1, ...container }] },
  });
  expect(vspPodCondition(undefined)).toMatchObject({ status: 'False', reason: 'Creating' });
  const running = status({ ready: true });
  expect(vspPodCondition(running)).toMatchObject({ status: 'True', reason: 'Running' });
  const lost = { ...running.status, conditions: [{ type: 'Ready', status: 'False' }] };
  expect(vspPodCondition({ ...running, status: lost })).toMatchObject({ status: 'False', reason: 'NodeLost' });
  const evicted = { phase: 'Failed', reason: 'Evicted', message: 'low on memory' };
  expect(vspPodCondition({ ...base, status: evicted })).toMatchObject({
    reason: 'Ended',
    message: 'pod ns/vsp-x is to be replaced, for it has ended: Evicted: low on memory',
  });
  const crashed = status({
    state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off' } },
    lastState: { terminated: { exitCode: 3 } },
  });
  expect(vspPodCondition(crashed)).toMatchObject({
    reason: 'CrashLoopBackOff',
    message: 'pod ns/vsp-x: back-off; it ended with exit code 3 (kubectl logs --previous -n ns vsp-x)',
  });
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' }];
  expect(vspPodCondition({ ...base, status: { conditions } })).toMatchObject({ reason: 'Unschedulable' });
});
