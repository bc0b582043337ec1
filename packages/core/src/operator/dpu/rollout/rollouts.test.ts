/** Rollouts by the operator's controllers, against an API server in memory; the test is kubelet and daemon. */
import 'reflect-metadata';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataProcessingUnit } from '../../../api/kinds/data-processing-unit.ts';
import { annotations, finalizers, labels, operatorNamespace } from '../../../api/names/names.ts';
import { TestApiServer } from '../../../daemon/testing/api-server.ts';
import { type RunningControllers, runControllers } from '../../testing/controllers.ts';
import { DataProcessingUnitController } from '../data-processing-unit-controller.ts';
import { installPodName } from '../install/install-pod.ts';
import { DataProcessingUnitConfigController } from '../selection/data-processing-unit-config-controller.ts';

const apiVersion = 'config.openshift.io/v1';
const own = `/apis/${apiVersion}`;
const pods = `/api/v1/namespaces/${operatorNamespace}/pods`;
const dpuName = 'card-node-a-host';
const dpuPath = `${own}/dataprocessingunits/${dpuName}`;
const vspPath = `${pods}/vsp-${dpuName}`;
const installPath = `${vspPath}-install`;
const configPath = `${own}/namespaces/${operatorNamespace}/dataprocessingunitconfigs/c`;

let server: TestApiServer;
let operator: RunningControllers;
let inits: number;

beforeEach(async () => {
  inits = 0;
  server = new TestApiServer();
  server.put('/api/v1/nodes/node-a', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-a' } });
  putVendorPlugin('acme', '1.0.0');
  await start();
});
afterEach(async () => {
  await operator.end();
  server.close();
});

async function start(): Promise<void> {
  operator = await runControllers(server, ({ store, caches, environment, events, logger, leases, turns }) => [
    new DataProcessingUnitController(store, caches, environment, events, logger, leases, turns),
    new DataProcessingUnitConfigController(store, caches, environment, events, logger),
  ]);
}

function putVendorPlugin(name: string, version: string, manifest: object = {}): void {
  const side = { detect: { nodeLabel: { key: 'card', values: ['yes'] } }, identifier: 'card-{node}' };
  const release = {
    requested: 'latest',
    version,
    integrity: `sha512-${version}`,
    lock: `lock-${version}`,
    manifest: { contract: '^1.0.0', products: [{ name: 'Card', host: side }], ...manifest },
  };
  server.put(`${own}/vendorplugins/${name}`, {
    apiVersion,
    kind: 'VendorPlugin',
    metadata: { name },
    spec: { package: `@${name}/vsp`, version: 'latest' },
    status: { requested: 'latest', releases: [release] },
  });
}

function putDpu(): void {
  server.put(dpuPath, {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { name: dpuName, finalizers: [finalizers.daemon], annotations: { [annotations.plugin]: 'acme' } },
    spec: { dpuProductName: 'Card', isDpuSide: false, nodeName: 'node-a' },
  });
}

function putConfig(spec: object): void {
  const metadata = { name: 'c', namespace: operatorNamespace };
  server.put(configPath, { apiVersion, kind: 'DataProcessingUnitConfig', metadata, spec });
}

function dpu() {
  return dataProcessingUnit.schema.parse(server.objects.get(dpuPath));
}

function condition(type = 'Configured') {
  return dpu().status?.conditions?.find((one) => one.type === type);
}

const says = (reason: string) => vi.waitFor(() => expect(condition()?.reason).toBe(reason));

/** As the kubelet does. */
async function podStatus(path: string, status: object): Promise<void> {
  const pod = await vi.waitFor(() => {
    const found = server.objects.get(path);
    if (!found) throw new Error(`no pod ${path}`);
    return found;
  });
  server.put(path, { ...pod, status });
}

const container = (name: string, state: object, ready = false) => ({
  containerStatuses: [{ name, ready, restartCount: 0, state }],
});

const installs = () => podStatus(installPath, { phase: 'Succeeded' });
const vspRuns = () => podStatus(vspPath, container('vsp', { running: {} }, true));

/** As the daemon does. */
function daemonSays(status: object): void {
  const object = server.objects.get(dpuPath);
  const before = (object?.status ?? {}) as { conditions?: { type: string }[] };
  if (!object) throw new Error('there is no DPU');
  server.put(dpuPath, { ...object, status: { ...before, ...status } });
}

function initialised(version: string, name = 'acme'): void {
  inits += 1;
  const others = dpu().status?.conditions?.filter(({ type }) => type !== 'Ready') ?? [];
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime };
  daemonSays({ conditions: [...others, ready], vsp: { initialisedAt: `${inits}`, package: `@${name}/vsp`, version } });
}

async function bringUp(version: string, name = 'acme'): Promise<void> {
  await installs();
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(vspPath))).toContain(`${name}-vsp-${version}-`));
  await vspRuns();
  initialised(version, name);
  await vi.waitFor(() => expect(dpu().status?.plugin?.version).toBe(version));
}

/** The operator knows what there is, and has nothing left to do. */
async function reconciled(): Promise<void> {
  const { dpus, vendorPlugins, vspPods } = operator.caches;
  await vi.waitFor(() => {
    const known = [
      dpus.get(dpuName),
      vendorPlugins.get('acme'),
      vspPods.get(`vsp-${dpuName}`, operatorNamespace),
      vspPods.get(`vsp-${dpuName}-install`, operatorNamespace),
    ];
    const there = [dpuPath, `${own}/vendorplugins/acme`, vspPath, installPath].map((path) => server.objects.get(path));
    const versions = (objects: typeof there | typeof known) => objects.map((each) => each?.metadata.resourceVersion);
    expect(versions(known)).toEqual(versions(there));
    expect(operator.controllers.map(({ isIdle }) => isIdle)).toEqual([true, true]);
  });
}

test('a config that changes no plugin is two writes to its DPU, which the answer of the daemon does not meet', async () => {
  putDpu();
  await bringUp('1.0.0');
  await reconciled();
  const before = server.writes.length;
  server.conflict = (write) => {
    // Behind the operator's, before that has heard of it.
    if (write === `PATCH ${dpuPath}`) queueMicrotask(() => daemonSays({ channel: { peers: ['a'] } }));
    return false;
  };
  putConfig({ numVfs: 4 });
  await vi.waitFor(() => expect(dpu().spec.numVfs).toBe(4));
  await reconciled();
  const writes = server.writes.slice(before).filter((write) => write.includes(dpuPath));
  expect(writes).toEqual([`PATCH ${dpuPath}/status`, `PATCH ${dpuPath}`]);
});

test('a plugin from npm is installed, then run, and the DPU says so', async () => {
  putDpu();
  await vi.waitFor(() => expect(server.objects.has(installPath)).toBe(true));
  expect(server.objects.has(vspPath)).toBe(false);
  await says('Installing');
  await bringUp('1.0.0');
  await says('Defaults');
  expect(dpu().status?.plugin).toMatchObject({ name: 'acme', version: '1.0.0', integrity: 'sha512-1.0.0' });
  expect(dpu().status?.rollout).toBeUndefined();
  expect(server.objects.has(installPath)).toBe(false);
  const events = [...server.objects.values()].filter(({ kind }) => kind === 'Event');
  expect(events).toContainEqual(expect.objectContaining({ reason: 'RolledOut', note: 'runs acme 1.0.0' }));
});

test('nothing is written while nothing changes', async () => {
  putDpu();
  await bringUp('1.0.0');
  await says('Defaults');
  await vi.waitFor(() => expect(condition('VspPod')?.reason).toBe('Running'));
  await reconciled();
  const before = [...server.writes];
  // Another resource version of everything that is looked at.
  putVendorPlugin('acme', '1.0.0');
  daemonSays({});
  await reconciled();
  expect(server.writes).toEqual(before);
});

test('a version that fails to install says why, and the DPU keeps what it runs', async () => {
  putDpu();
  await bringUp('1.0.0');
  const vsp = server.objects.get(vspPath)?.metadata.uid;
  putVendorPlugin('acme', '1.1.0');
  const terminated = { exitCode: 20, message: 'Tampered: the tarball of @acme/vsp 1.1.0 has another hash' };
  await podStatus(installPath, container('install', { terminated }));
  await says('Tampered');
  expect(condition()?.message).toBe(
    'acme 1.1.0 cannot be installed: the tarball of @acme/vsp 1.1.0 has another hash; the DPU keeps running acme 1.0.0 with its settings; it is tried again',
  );
  expect(server.objects.get(vspPath)?.metadata.uid).toBe(vsp);
});

test('an operator that starts anew amid a rollout goes on with it', async () => {
  putDpu();
  await bringUp('1.0.0');
  putVendorPlugin('acme', '1.1.0');
  await vi.waitFor(() => expect(server.objects.has(installPath)).toBe(true));
  await operator.end();
  server.close();
  await installs();
  await start();
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(vspPath))).toContain('acme-vsp-1.1.0-'));
  await operator.end();
  server.close();
  await vspRuns();
  initialised('1.1.0');
  await start();
  await vi.waitFor(() => expect(dpu().status).toMatchObject({ plugin: { version: '1.1.0' } }));
});

test('a version whose program is missing gives way to the one before, and is tried again by order', async () => {
  putDpu();
  await bringUp('1.0.0');
  putVendorPlugin('acme', '1.1.0');
  await installs();
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(vspPath))).toContain('acme-vsp-1.1.0-'));
  const message = 'dpu-vsp: the program frobnicate is missing';
  await podStatus(vspPath, container('vsp', { terminated: { exitCode: 3, message } }));
  await says('RollingBack');
  expect(condition()?.message).toContain('the DPU goes back to acme 1.0.0');
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(vspPath))).toContain('acme-vsp-1.0.0-'));
  await vspRuns();
  initialised('1.0.0');
  await says('RolledBack');
  expect(condition()?.message).toBe(
    'acme 1.1.0 failed (ProgramMissing): the program frobnicate is missing; the DPU runs acme 1.0.0 again; it is tried again when its version or settings change, or by kubectl annotate --overwrite dpu card-node-a-host dpu.config.openshift.io/retry="$(date)"',
  );
  expect(JSON.stringify(server.objects.get(vspPath))).toContain('acme-vsp-1.0.0-');
  const { metadata, ...rest } = dpu();
  const ordered = { ...metadata.annotations, [annotations.retry]: '1' };
  server.put(dpuPath, { ...rest, metadata: { ...metadata, annotations: ordered } });
  await vi.waitFor(() => expect(dpu().status?.rollout).toMatchObject({ retry: '1', again: true }));
  await bringUp('1.1.0');
  await says('Defaults');
});

test('pods are evicted as their budgets allow it, before a plugin that disturbs them is replaced', async () => {
  putDpu();
  await bringUp('1.0.0');
  const web = '/api/v1/namespaces/shop/pods/web';
  const twin = '/api/v1/namespaces/shop/pods/twin';
  const pod = (name: string, nodeName: string) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    spec: { nodeName, containers: [] },
  });
  server.put(web, pod('web', 'node-a'));
  // Of the same name as one that has left this node.
  server.put(twin, pod('twin', 'node-b'));
  server.refuseEviction = () => "it would violate the pod's disruption budget";
  putVendorPlugin('acme', '2.0.0', { disturbsTraffic: true });
  await installs();
  await says('Draining');
  const of = dpu().status?.rollout?.startedAt;
  daemonSays({ drain: { of, pods: ['shop/twin', 'shop/web'] } });
  await says('DrainBlocked');
  expect(condition()?.message).toContain("shop/web (it would violate the pod's disruption budget)");
  expect(server.objects.has(web)).toBe(true);
  server.refuseEviction = () => undefined;
  daemonSays({ drain: { of, pods: ['shop/web'] } });
  await vi.waitFor(() => expect(server.objects.has(web)).toBe(false));
  expect(server.objects.has(twin)).toBe(true);
  daemonSays({ drain: { of, pods: [] } });
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(vspPath))).toContain('acme-vsp-2.0.0-'));
});

test.each([
  ['UnknownPlugin', { plugin: { name: 'nobody' } }, 'spec.plugin: there is no VendorPlugin nobody'],
  ['VersionUnresolved', { plugin: { name: 'acme', version: '9.0.0' } }, 'VendorPlugin acme has no version 9.0.0'],
  ['SettingsInvalid', { settings: { color: 'red' } }, 'spec.settings.color'],
])('%s changes nothing and is said by DPU and config', async (reason, spec, words) => {
  putDpu();
  await bringUp('1.0.0');
  const vsp = server.objects.get(vspPath)?.metadata.uid;
  putConfig(spec);
  await says(reason);
  expect(condition()?.message).toContain(words);
  expect(condition()?.message).toContain('the DPU keeps running acme 1.0.0');
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(configPath))).toContain(`"reason":"${reason}"`));
  expect(server.objects.get(vspPath)?.metadata.uid).toBe(vsp);
});

test('a plugin without the DPU’s side is refused', async () => {
  putDpu();
  await bringUp('1.0.0');
  const dpuSide = { detect: { nodeLabel: { key: 'card', values: ['yes'] } }, identifier: 'x' };
  putVendorPlugin('other', '1.0.0', { products: [{ name: 'Other', dpu: dpuSide }] });
  putConfig({ plugin: { name: 'other' } });
  await says('SideMissing');
});

test('the DPUs of a cluster change one after the other, when the daemons are up to date', async () => {
  putDpu();
  await bringUp('1.0.0');
  const other = 'card-node-b-host';
  const otherPath = `${own}/dataprocessingunits/${other}`;
  const otherVsp = `${pods}/vsp-${other}`;
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-b', labels: { dpu: 'true' } } };
  server.put('/api/v1/nodes/node-b', node);
  const { metadata, spec, status } = dpu();
  server.put(otherPath, {
    apiVersion,
    kind: 'DataProcessingUnit',
    metadata: { ...metadata, name: other, uid: 'other', resourceVersion: undefined },
    spec: { ...spec, nodeName: 'node-b' },
    status,
  });
  await podStatus(otherVsp, { phase: 'Running', ...container('vsp', { running: {} }, true) });
  putVendorPlugin('acme', '1.1.0');
  await installs();
  await podStatus(`${otherVsp}-install`, { phase: 'Succeeded' });
  await says('WaitingForDaemons');
  operator.turns.daemonsAre('new');
  const daemon = (hash: string) =>
    server.put(`${pods}/dpu-daemon-b`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'dpu-daemon-b',
        namespace: operatorNamespace,
        labels: { app: 'dpu-daemon' },
        annotations: { [annotations.specHash]: hash },
      },
      spec: { nodeName: 'node-b', containers: [] },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
  daemon('old');
  await reconciled();
  expect(condition()?.reason).toBe('WaitingForDaemons');
  daemon('new');
  const isNew = (path: string) => JSON.stringify(server.objects.get(path) ?? '').includes('acme-vsp-1.1.0-');
  const changed = () => [vspPath, otherVsp].filter(isNew);
  await vi.waitFor(() => expect(changed()).toHaveLength(1));
  await reconciled();
  expect(changed()).toHaveLength(1);
});

test('a DPU whose VendorPlugin is gone runs on, and says what to do', async () => {
  putDpu();
  await bringUp('1.0.0');
  server.delete(`${own}/vendorplugins/acme`);
  await says('PluginGone');
  expect(condition()?.message).toContain('create it again');
  server.delete(vspPath);
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(vspPath))).toContain('acme-vsp-1.0.0-'));
});

test('another plugin is selected by a config, and left when the config goes', async () => {
  putDpu();
  await bringUp('1.0.0');
  putVendorPlugin('other', '3.0.0');
  putConfig({ plugin: { name: 'other' } });
  await installs();
  await says('Draining');
  const drain = { of: dpu().status?.rollout?.startedAt, pods: [] };
  daemonSays({ drain });
  await says('Replacing');
  daemonSays({ drain: { ...drain, cleared: true } });
  await vi.waitFor(() => expect(JSON.stringify(server.objects.get(vspPath))).toContain('other-vsp-3.0.0-'));
  await vspRuns();
  initialised('3.0.0', 'other');
  await vi.waitFor(() => expect(dpu().status?.plugin).toMatchObject({ name: 'other', version: '3.0.0' }));
  server.delete(configPath);
  await vi.waitFor(() => expect(dpu().status?.rollout).toMatchObject({ target: { name: 'acme' }, drain: true }));
});

test('a pod that the API server refuses is a condition in its words, and so is a name that somebody else has', async () => {
  const path = `/api/v1/namespaces/${operatorNamespace}/pods/${installPodName(dpuName)}`;
  // A retry by itself comes later each time.
  const tryAgain = (label: string) => {
    const object = server.objects.get(dpuPath);
    if (!object) throw new Error('there is no DPU');
    server.put(dpuPath, { ...object, metadata: { ...object.metadata, labels: { again: label } } });
  };
  server.forbid = (write) => (/^POST .*\/pods$/.test(write) ? 'the policy engine says no' : undefined);
  putDpu();
  await says('PodRefused');
  expect(condition()?.message).toContain('cannot be made: the policy engine says no');
  const metadata = { name: installPodName(dpuName), namespace: operatorNamespace };
  server.put(path, { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } });
  server.forbid = () => undefined;
  tryAgain('1');
  await says('PodConflict');
  expect(server.writes.filter((write) => write.startsWith('DELETE'))).toEqual([]);
  server.delete(path);
  tryAgain('2');
  await says('Installing');
});

test('a pod that is no DPU’s is not deleted for its label, and holds the name until it is gone', async () => {
  const stranger = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `vsp-${dpuName}`,
      namespace: operatorNamespace,
      uid: 'stranger',
      labels: { [labels.dpuName]: dpuName },
    },
    spec: { containers: [{ name: 'vsp' }] },
  };
  server.put(vspPath, stranger);
  const uid = server.objects.get(vspPath)?.metadata.uid;
  putDpu();
  await installs();
  await vi.waitFor(() => expect(condition('VspPod')).toMatchObject({ reason: 'PodConflict' }));
  expect(server.objects.get(vspPath)?.metadata.uid).toBe(uid);
  expect(server.writes).not.toContain(`DELETE ${vspPath}`);
  server.delete(vspPath);
  await vi.waitFor(() => expect(server.objects.get(vspPath)?.metadata.ownerReferences).toBeDefined());
});
