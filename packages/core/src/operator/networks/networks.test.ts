/** The networks that the DpuOperatorConfig's controller keeps in the namespaces of chains. */
import 'reflect-metadata';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { configName, operatorNamespace } from '../../api/names/names.ts';
import { TestApiServer } from '../../daemon/testing/api-server.ts';
import { DpuOperatorConfigController } from '../config/dpu-operator-config-controller.ts';
import { Uninstaller } from '../config/uninstaller.ts';
import { type RunningControllers, runControllers } from '../testing/controllers.ts';
import { putMultus } from '../testing/multus.ts';
import { config } from '../testing/rendered.ts';
import { renderNetworks } from './networks.ts';

const configPath = `/apis/config.openshift.io/v1/dpuoperatorconfigs/${configName}`;
const networkPath = (namespace: string, name = 'dpunfcni-conf') =>
  `/apis/k8s.cni.cncf.io/v1/namespaces/${namespace}/network-attachment-definitions/${name}`;

let api: TestApiServer;
let operator: RunningControllers;

beforeEach(async () => {
  api = new TestApiServer();
  putMultus(api);
  for (const name of ['shop', 'other']) putNamespace(name);
  allow('shop');
  operator = await runControllers(api, ({ store, caches, environment, events, logger, turns }) => {
    const uninstaller = new Uninstaller(store, caches, environment);
    return [new DpuOperatorConfigController(store, caches, environment, events, logger, uninstaller, turns)];
  });
});
afterEach(async () => {
  await operator.end();
  api.close();
});

function putNamespace(name: string, metadata: object = {}): void {
  api.put(`/api/v1/namespaces/${name}`, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, ...metadata } });
}

function allow(...chainNamespaces: string[]): void {
  const known = api.objects.get(configPath);
  api.put(configPath, {
    ...known,
    apiVersion: 'config.openshift.io/v1',
    kind: 'DpuOperatorConfig',
    metadata: { ...known?.metadata, name: configName },
    spec: { chainNamespaces },
  });
}

/** As the DaemonSet controller does where all daemons run. */
async function daemonsRun(): Promise<void> {
  const path = `/apis/apps/v1/namespaces/${operatorNamespace}/daemonsets/dpu-daemon`;
  await vi.waitFor(() => expect(api.objects.has(path)).toBe(true));
  const one = { desiredNumberScheduled: 1, updatedNumberScheduled: 1, numberAvailable: 1 };
  const object = api.objects.get(path);
  if (object) api.put(path, { ...object, status: one });
}

const networks = () => [...api.objects.keys()].filter((path) => path.startsWith('/apis/k8s.cni.cncf.io')).sort();
const message = () => JSON.stringify(api.objects.get(configPath)?.status);

test('each allowed namespace has the network, the others lose the one that was made for them', async () => {
  const always = [networkPath('default', 'default-sriov-net'), networkPath(operatorNamespace)];
  await vi.waitFor(() => expect(networks()).toEqual([...always, networkPath('shop')].sort()));
  // Somebody's own, which has the same name.
  api.put(networkPath('mine'), {
    apiVersion: 'k8s.cni.cncf.io/v1',
    kind: 'NetworkAttachmentDefinition',
    metadata: { name: 'dpunfcni-conf', namespace: 'mine' },
  });
  allow('other');
  const after = [...always, networkPath('other'), networkPath('mine')].sort();
  await vi.waitFor(() => expect(networks()).toEqual(after));
});

test('a refusal that passes is not told, one that stays is', async () => {
  const told = () => JSON.stringify([...api.objects.values()].filter(({ kind }) => kind === 'Event'));
  await vi.waitFor(() => expect(networks()).toContain(networkPath('shop')));
  let refusals = 1;
  api.forbid = (write) => (write.endsWith(networkPath('other')) && refusals-- > 0 ? 'not yet' : undefined);
  allow('other');
  await vi.waitFor(() => expect(networks()).toContain(networkPath('other')));
  await daemonsRun();
  await vi.waitFor(() => expect(message()).toContain('Deployed'));
  expect(told()).not.toContain('not yet');
  api.forbid = (write) => (write.endsWith(networkPath('shop')) ? 'never' : undefined);
  allow('shop');
  await vi.waitFor(() => expect(message()).toContain('never'));
  await vi.waitFor(() => expect(told()).toContain('never'));
});

test('a namespace that does not exist is told, and served when it does', async () => {
  allow('shop', 'nowhere');
  await daemonsRun();
  await vi.waitFor(() => expect(message()).toContain('spec.chainNamespaces names no namespace: nowhere'));
  putNamespace('nowhere');
  await vi.waitFor(() => expect(networks()).toContain(networkPath('nowhere')));
  await vi.waitFor(() => expect(message()).not.toContain('names no namespace'));
  putNamespace('shop', { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['kubernetes'] });
  await vi.waitFor(() => expect(message()).toContain('names no namespace: shop'));
});

test('the networks keep the addresses that users know, unless the config has others', () => {
  const [functions, pods] = renderNetworks(config, ['ns']).map(({ spec }) =>
    JSON.parse((spec as { config: string }).config),
  );
  expect(functions).toEqual({ cniVersion: '1.0.0', name: 'dpunfcni-conf', type: 'dpu-cni' });
  expect(pods.ipam).toMatchObject({ type: 'whereabouts', range: '10.56.217.0/24', range_start: '10.56.217.50' });
  const ipam = { type: 'host-local', ranges: [[{ subnet: '10.0.0.0/24' }]] };
  const other = { ...config, spec: { ...config.spec, defaultNetwork: { ipam } } };
  expect(JSON.stringify(renderNetworks(other, ['ns'])[1])).toContain('host-local');
});
