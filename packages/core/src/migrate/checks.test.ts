import { expect, test } from 'vitest';
import { faults, reportFaults, undoFaults } from './checks.ts';
import { type KubeJson, keyOf, operatorDeployment } from './go-objects.ts';
import type { DeviceReport, Observed } from './observed.ts';
import { nextForward } from './plan.ts';
import { begun, config, goDaemonSet, goDeployment, goInstallation, goObjects, ourDeployment } from './testing.ts';

const withDeployment = (deployment: KubeJson): Partial<Observed> => ({
  objects: new Map([...goObjects(), [keyOf(operatorDeployment), deployment]]),
});

test('nothing is in the way of what the Go operator installs', () => {
  expect(faults(goInstallation())).toEqual([]);
});

test('nor where OLM had it, whose objects are deleted: the Deployment has gone with them, the daemons stay', () => {
  const objects = goObjects();
  objects.delete(keyOf(operatorDeployment));
  expect(faults(goInstallation({ objects, operatorPods: [] }))).toEqual([]);
  expect(nextForward(goInstallation({ objects, operatorPods: [] }))).toMatchObject({ action: { do: 'save' } });
});

const unknownVersion = goDeployment();
unknownVersion.spec = { ...(unknownVersion.spec as object), template: { spec: { containers: [{ name: 'manager' }] } } };
const ofOlm = goDeployment();
ofOlm.metadata.ownerReferences = [{ kind: 'ClusterServiceVersion', name: 'dpu-operator.v4' }];
const elsewhere = goDaemonSet();
elsewhere.spec = { template: { spec: { containers: [{ name: 'dpu-daemon' }] } } };
const storedElsewhere: KubeJson = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'dpuoperatorconfigs.config.openshift.io' },
  status: { storedVersions: ['v1alpha1', 'v1'] },
};
const going = config();
going.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';

test.each<[string, Partial<Observed>, RegExp]>([
  ['no Go operator', { objects: new Map() }, /no Go operator is here/],
  ['ours', { objects: new Map([[keyOf(operatorDeployment), ourDeployment()]]) }, /installed here already/],
  ['ours beside Go daemons', withDeployment(ourDeployment()), /beside daemons of the Go operator/],
  ['an unknown version', withDeployment(unknownVersion), /has no DpuOperatorDaemonImage/],
  ['OLM', withDeployment(ofOlm), /delete dpu-operator.v4 and its Subscription/],
  ['two configs', { configs: [config(), config([], 'other')] }, /DpuOperatorConfig other: only dpu-operator-config/],
  ['a config that goes', { configs: [going] }, /dpu-operator-config is being deleted/],
  ['objects of another version', { objects: new Map([...goObjects(), ['x', storedElsewhere]]) }, /stored as v1alpha1/],
  ['a node that is away', { nodes: [{ name: 'b', ready: false }] }, /not Ready: node b/],
  [
    'daemons without a directory',
    { objects: new Map([...goObjects(), ['DaemonSet.openshift-dpu-operator.dpu-daemon', elsewhere]]) },
    /mounts nothing at/,
  ],
])('%s is in the way', (_, change, says) => {
  expect(faults(goInstallation(change))).toEqual([expect.stringMatching(says)]);
});

test('so are our daemons on a node that is not prepared', () => {
  const saved = { ...begun, nodes: ['a', 'b'], imported: ['a'] };
  const daemonPods = [{ name: 'ours', uid: '1', node: 'b', ofGo: false }];
  const nodes = ['a', 'b'].map((name) => ({ name, ready: true }));
  expect(faults(goInstallation({ saved, nodes, daemonPods }))).toEqual([
    expect.stringContaining('before node b was prepared'),
  ]);
  expect(faults(goInstallation({ saved, nodes, daemonPods: [] }))).toEqual([]);
});

test('in the middle a config that goes cannot be waited for, and a way back that was begun is gone to its end', () => {
  expect(faults(goInstallation({ saved: begun, configs: [going] }))).toEqual([
    'DpuOperatorConfig dpu-operator-config is being deleted: go back (make migrate-back, or dpuctl migrate back), where the Go operator lets it go',
  ]);
  expect(faults(goInstallation({ saved: { ...begun, undoing: true } }))).toEqual([
    'the way back was begun: go it to its end (make migrate-back, or dpuctl migrate back)',
  ]);
});

const report = (state: DeviceReport['state'], reason?: string) => [
  {
    node: 'a',
    devices: [{ pod: 'default/p', device: '0000:01:00.1', state, ...(reason !== undefined && { reason }) }],
  },
];
const careful = { interruptNetworkFunctions: false };

test('pods that cannot be kept are named, and network functions unless they may be interrupted', () => {
  expect(reportFaults(report('kept'), careful)).toEqual([]);
  expect(reportFaults(report('lost', 'no record'), careful)).toEqual([
    'pod default/p on a cannot be kept: device 0000:01:00.1: no record. Delete the pod',
  ]);
  expect(reportFaults(report('comesHome'), careful)).toEqual([
    expect.stringContaining('default/p (network dpunfcni-conf)'),
  ]);
  expect(reportFaults(report('comesHome'), { interruptNetworkFunctions: true })).toEqual([]);
});

test('there is no way back for pods that only this operator has attached', () => {
  expect(undoFaults(report('kept'))).toEqual([]);
  expect(undoFaults(report('ours'))).toEqual([expect.stringContaining('default/p on a. Delete them')]);
});
