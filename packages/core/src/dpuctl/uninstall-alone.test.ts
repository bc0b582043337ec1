/** Removal without an operator, against an API server in memory. */
import 'reflect-metadata';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { configName, finalizers, labels, operatorNamespace as namespace } from '../api/names/names.ts';
import { TestApiServer } from '../daemon/testing/api-server.ts';
import { goFinalizer } from '../migrate/go-objects.ts';
import type { Context } from './context.ts';
import { uninstall } from './uninstall.ts';
import { uninstallAlone } from './uninstall-alone.ts';

const apiVersion = 'config.openshift.io/v1';
const configPath = `/apis/${apiVersion}/dpuoperatorconfigs/${configName}`;
const dpuPath = `/apis/${apiVersion}/dataprocessingunits/card-host`;
const nodePath = '/api/v1/nodes/node-a';
const accountPath = `/api/v1/namespaces/${namespace}/serviceaccounts/dpu-daemon`;
const daemonSetPath = `/apis/apps/v1/namespaces/${namespace}/daemonsets/dpu-daemon`;

let server: TestApiServer;
let context: Context;
let lines: string[];

beforeEach(async () => {
  server = new TestApiServer();
  lines = [];
  context = { store: await server.start(), namespace, print: (line) => void lines.push(line) };
  putNode({ dpu: 'true', [labels.nodeSide]: 'dpu-host' });
  server.put(configPath, {
    apiVersion,
    kind: 'DpuOperatorConfig',
    metadata: { name: configName, uid: 'c', finalizers: [finalizers.operator] },
    spec: {},
  });
  server.put(dpuPath, {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { name: 'card-host', uid: 'd', finalizers: [finalizers.daemon] },
    spec: { dpuProductName: 'Card', isDpuSide: false, nodeName: 'node-a' },
  });
  server.put(accountPath, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'dpu-daemon', namespace } });
  server.put(daemonSetPath, { apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'dpu-daemon', namespace } });
});
afterEach(() => server.close());

function putNode(nodeLabels: Record<string, string>): void {
  server.put(nodePath, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a', labels: nodeLabels } });
}

function putPod(app: string, podLabels: Record<string, string> = { app }): void {
  const metadata = { name: `${app}-x`, namespace, labels: podLabels };
  const spec = { nodeName: 'node-a', containers: [] };
  server.put(`/api/v1/namespaces/${namespace}/pods/${app}-x`, { apiVersion: 'v1', kind: 'Pod', metadata, spec });
}

const left = () => [configPath, dpuPath, daemonSetPath].filter((path) => server.objects.has(path));

test('while an operator runs it is left to it', async () => {
  putPod('dpu-operator-controller-manager');
  const options = { timeoutSeconds: 60, withoutDaemons: true };
  await expect(uninstallAlone(context, options)).rejects.toThrow('leave --without-operator out');
  expect(server.writes).toEqual([]);
});

test('what the Go operator has is left alone', async () => {
  putPod('manager', { 'control-plane': 'controller-manager' });
  const options = { timeoutSeconds: 60, withoutDaemons: true };
  await expect(uninstallAlone(context, options)).rejects.toThrow(`the Go operator is there (${namespace}/manager-x)`);
  expect(server.writes).toEqual([]);
});

test('a wrong namespace, where no daemon is, lets go of nothing', async () => {
  putPod('dpu-daemon');
  const options = { timeoutSeconds: 60, withoutDaemons: true };
  const elsewhere = uninstallAlone({ ...context, namespace: 'default' }, options);
  await expect(elsewhere).rejects.toThrow(`daemons are not in namespace default: ${namespace}/dpu-daemon-x`);
  putPod('dpu-operator-controller-manager');
  await expect(uninstallAlone({ ...context, namespace: 'default' }, options)).rejects.toThrow('the operator is there');
  expect(server.writes).toEqual([]);
});

test("the Go operator's config is left alone, also where the Go operator does not run", async () => {
  server.put(configPath, {
    ...server.objects.get(configPath),
    metadata: { name: configName, uid: 'c', finalizers: [goFinalizer] },
  });
  const options = { timeoutSeconds: 60, withoutDaemons: true };
  await expect(uninstallAlone(context, options)).rejects.toThrow("is the Go operator's");
  await expect(uninstall(context, 60)).rejects.toThrow("is the Go operator's");
  expect(server.writes).toEqual([]);
});

test('a daemon that is there takes away what is on its node, before it goes itself', async () => {
  putPod('dpu-daemon');
  const done = uninstallAlone(context, { timeoutSeconds: 120, withoutDaemons: true });
  await vi.waitFor(() => expect(lines.join()).toContain('card-host is being torn down by the daemon on node-a'));
  expect(left()).toHaveLength(3);
  // As the daemon does when it has done so.
  const dpu = server.objects.get(dpuPath);
  server.put(dpuPath, { ...dpu, metadata: { ...dpu?.metadata, finalizers: [] } });
  server.delete(dpuPath);
  await vi.waitFor(() => expect(lines.join()).toContain('node node-a: the DPU daemon has something left'));
  putNode({ dpu: 'true' });
  await done;
  expect(left()).toEqual([]);
  expect(lines.at(-1)).toBe('everything is taken away');
  expect(lines.join()).not.toContain('let go');
});

test('nodes without a daemon are let go of only when that is asked for', async () => {
  const waits = uninstallAlone(context, { timeoutSeconds: 1, withoutDaemons: false });
  await expect(waits).rejects.toThrow('not gone after 1 s: ');
  expect(left()).toHaveLength(3);
  await uninstallAlone(context, { timeoutSeconds: 120, withoutDaemons: true });
  expect(left()).toEqual([]);
  expect(server.objects.get(nodePath)?.metadata.labels).toEqual({ dpu: 'true' });
  expect(lines).toContain('DataProcessingUnit card-host: let go, no daemon is on node-a');
});

test('a daemon that has lost its account is none: it is told, and let go of when that is asked for', async () => {
  putPod('dpu-daemon');
  server.delete(accountPath);
  const waits = uninstallAlone(context, { timeoutSeconds: 60, withoutDaemons: false });
  await expect(waits).rejects.toThrow('since their ServiceAccount dpu-daemon is gone');
  expect(left()).toHaveLength(3);
  await uninstallAlone(context, { timeoutSeconds: 120, withoutDaemons: true });
  expect(left()).toEqual([]);
});

test('what a config left that is gone already is taken away too', async () => {
  server.put(configPath, {
    ...server.objects.get(configPath),
    metadata: { name: configName, uid: 'c', finalizers: [] },
  });
  server.delete(configPath);
  await uninstallAlone(context, { timeoutSeconds: 120, withoutDaemons: true });
  expect(left()).toEqual([]);
});

test('kinds that are not installed any more are named at once, and how they come back', async () => {
  server.unserved.add(`/apis/${apiVersion}/dataprocessingunits`).add(`/apis/${apiVersion}/vendorplugins`);
  const refused = uninstallAlone(context, { timeoutSeconds: 120, withoutDaemons: true });
  await expect(refused).rejects.toThrow(
    /does not know dataprocessingunits, vendorplugins any more.*kubectl apply --server-side --force-conflicts -k config\/crd/,
  );
  expect(server.writes).toEqual([]);
});

test('networks of the operator go too, those of others stay', async () => {
  const crd = 'network-attachment-definitions.k8s.cni.cncf.io';
  server.put(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd}`, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: crd },
    status: { conditions: [{ type: 'Established', status: 'True' }] },
  });
  const network = { apiVersion: 'k8s.cni.cncf.io/v1', kind: 'NetworkAttachmentDefinition' };
  const owner = { apiVersion, kind: 'DpuOperatorConfig', name: configName, uid: 'c', controller: true };
  const [ours, others] = [namespace, 'mine'].map(
    (where) => `/apis/k8s.cni.cncf.io/v1/namespaces/${where}/network-attachment-definitions/dpunfcni-conf`,
  );
  const name = 'dpunfcni-conf';
  server.put(`${ours}`, { ...network, metadata: { name, namespace, ownerReferences: [owner] } });
  server.put(`${others}`, { ...network, metadata: { name, namespace: 'mine' } });
  await uninstallAlone(context, { timeoutSeconds: 120, withoutDaemons: true });
  expect(server.objects.has(`${ours}`)).toBe(false);
  expect(server.objects.has(`${others}`)).toBe(true);
});
