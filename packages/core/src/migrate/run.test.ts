/** The whole migration against an API server in memory, also broken off at every request that changes something. */
import { expect, test } from 'vitest';
import { injectorNames, workloads } from '../api/names/names.ts';
import { type ApiClient, ApiError, type ApiRequest, KubeStore } from '../kube/index.ts';
import { isGoDeployment, type KubeJson, specOf } from './go-objects.ts';
import { Migration } from './run.ts';
import { config, goObjects, ourDeployment } from './testing.ts';

const namespace = '/namespaces/openshift-dpu-operator';
const pods = `/api/v1${namespace}/pods`;
const configPath = '/apis/config.openshift.io/v1/dpuoperatorconfigs/dpu-operator-config';
const deploymentPath = `/apis/apps/v1${namespace}/deployments/dpu-operator-controller-manager`;
const daemonsPath = `/apis/apps/v1${namespace}/daemonsets/dpu-daemon`;

/** Objects by path. Pods follow what makes them at once; a pod of the migration ends as soon as it is there. */
class Cluster {
  readonly objects = new Map<string, KubeJson>();
  /** Paths at which something was changed. */
  readonly changes: string[] = [];
  /** Requests that change something and are still taken; the next one finds nobody. */
  budget = Number.POSITIVE_INFINITY;
  mayDoAll = true;
  /** What a pod of the migration says of its node. */
  answer = '{"devices":[]}';
  /** Whether the connection breaks behind a change, which is made. */
  breaks: () => boolean = () => false;
  /** Called before each change. */
  onChange: (change: string) => void = () => {};

  constructor() {
    for (const object of goObjects().values()) this.objects.set(pathOf(object), object);
    this.objects.set(configPath, config());
    this.objects.set('/api/v1/nodes/a', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'a', labels: { dpu: 'true' } },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    });
    this.#followers();
  }

  store(): KubeStore {
    const json = async (request: ApiRequest) => this.#json(request);
    const text = async () => `${this.answer}\n`;
    return new KubeStore({ json, text } as unknown as ApiClient);
  }

  #json({ method, path, body }: ApiRequest): unknown {
    if (path.endsWith('/selfsubjectaccessreviews')) return { status: { allowed: this.mayDoAll } };
    if (!this.mayDoAll) throw new ApiError(`${method} ${path}: forbidden`, 403, 'Forbidden');
    if (method === 'GET') return structuredClone(this.#get(path));
    if (this.budget <= 0) throw new ApiError('the API server does not answer', 0, '');
    this.budget -= 1;
    this.changes.push(`${method} ${path}`);
    this.onChange(`${method} ${path}`);
    const object = structuredClone(body) as KubeJson;
    const { resourceVersion = '' } = object.metadata ?? {};
    if (method === 'PATCH' && resourceVersion && resourceVersion !== this.objects.get(path)?.metadata.resourceVersion) {
      throw new ApiError(`PATCH ${path}: changed meanwhile`, 409, 'Conflict');
    }
    if (method === 'DELETE') this.objects.delete(path);
    else if (method === 'PATCH') this.objects.set(path, merge(this.objects.get(path) ?? {}, object) as KubeJson);
    else if (method === 'PUT') this.objects.set(path, object);
    else this.objects.set(`${path}/${object.metadata.name}`, ended(object));
    this.#version(method === 'POST' ? `${path}/${object.metadata.name}` : path);
    this.#followers();
    if (this.breaks()) {
      const cause = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      throw new ApiError(`${method} ${path}: the API server does not answer: socket hang up`, 0, '', { cause });
    }
    return this.objects.get(path) ?? object;
  }

  #version(path: string): void {
    const object = this.objects.get(path);
    if (object) object.metadata.resourceVersion = `v${this.changes.length}`;
  }

  #get(path: string): unknown {
    const found = this.objects.get(path);
    if (found) return found;
    if (!/\/(nodes|pods|dpuoperatorconfigs|dataprocessingunits)$/.test(path)) {
      throw new ApiError(`GET ${path}: not found`, 404, 'NotFound');
    }
    const items = [...this.objects].filter(([one]) => one.slice(0, one.lastIndexOf('/')) === path);
    return { items: items.map(([, item]) => item) };
  }

  #followers(): void {
    const deployment = this.objects.get(deploymentPath);
    const runs = isGoDeployment(deployment) && specOf(deployment).replicas !== 0;
    this.#pod('manager-1', { 'control-plane': 'controller-manager' }, 'manager', runs);
    this.#pod('daemon-1', { app: 'dpu-daemon' }, 'dpu-daemon', this.objects.has(daemonsPath));
  }

  #pod(name: string, labels: Record<string, string>, container: string, isThere: boolean): void {
    const path = `${pods}/${name}`;
    if (!isThere) this.objects.delete(path);
    else {
      const spec = { nodeName: 'a', containers: [{ name: container }] };
      this.objects.set(path, { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels, uid: name }, spec });
    }
  }
}

const ended = (object: KubeJson): KubeJson =>
  object.kind === 'Pod' ? { ...object, status: { phase: 'Succeeded' } } : object;

function merge(target: object, patch: object): object {
  const merged: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    merged[key] = isObject ? merge((merged[key] as object) ?? {}, value) : value;
  }
  return merged;
}

const plurals: Record<string, string> = { NetworkAttachmentDefinition: 'network-attachment-definitions' };

function pathOf({ apiVersion, kind, metadata }: KubeJson): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = metadata.namespace ? `/namespaces/${metadata.namespace}` : '';
  return `${root}${scope}/${plurals[kind] ?? `${kind.toLowerCase()}s`}/${metadata.name}`;
}

function migration(cluster: Cluster): { work: Migration; lines: string[] } {
  const lines: string[] = [];
  const context = { store: cluster.store(), print: (line: string) => void lines.push(line) };
  const options = { image: 'operator:1', timeoutSeconds: 60, interruptNetworkFunctions: false };
  return { work: new Migration(context, options), lines };
}

/** Without what the API server fills in. */
const essence = ({ objects }: Cluster) =>
  [...objects].map(([path, { kind, spec }]) => `${path} ${kind} ${JSON.stringify(spec)}`).sort();

const before = essence(new Cluster());

test('the Go operator goes, kinds, config and networks stay', async () => {
  const cluster = new Cluster();
  const { work, lines } = migration(cluster);
  await work.forward();
  expect(lines[0]).toMatch(/nothing is in the way/);
  const left = [...cluster.objects.keys()].join('\n');
  expect(left).not.toMatch(/webhook|injector|dpu-daemon|deployments/);
  expect(left).toContain('customresourcedefinitions/dpuoperatorconfigs.config.openshift.io');
  expect(cluster.objects.get(configPath)).toMatchObject({ spec: { logLevel: 1 }, metadata: { finalizers: [] } });
  // Our operator is there and ready.
  cluster.objects.set(deploymentPath, ourDeployment());
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Deployed' }];
  cluster.objects.set(configPath, { ...config([]), status: { conditions } });
  cluster.objects.set(`${pods}/ours`, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ours', labels: { app: 'dpu-operator-controller-manager' } },
    spec: { nodeName: 'a', containers: [{ name: 'manager' }] },
  });
  const said = lines.length;
  await work.forward();
  expect(lines.slice(said)).toEqual([expect.stringContaining('the Go operator is gone')]);
  await work.finish();
  expect([...cluster.objects.keys()].join('\n')).not.toMatch(/vsp-|dpu-operator-migration/);
});

test('the check changes nothing but its own pods', async () => {
  const cluster = new Cluster();
  await migration(cluster).work.check();
  expect(cluster.changes.filter((change) => !change.includes('/pods'))).toEqual([]);
  expect(essence(cluster)).toEqual(before);
});

/** Of the requests that change something, each third one: plan.test.ts has every step. */
const budgets = [...Array(16).keys()].map((index) => index * 3);

test.each(budgets)(
  'broken off after %i changes, it goes on to the same end, or back to the beginning',
  async (budget) => {
    const whole = new Cluster();
    await migration(whole).work.forward();
    const breakOff = async (): Promise<Cluster> => {
      const cluster = new Cluster();
      cluster.budget = Math.min(budget, whole.changes.length - 1);
      await expect(migration(cluster).work.forward()).rejects.toThrow();
      cluster.budget = Number.POSITIVE_INFINITY;
      return cluster;
    };
    const on = await breakOff();
    await migration(on).work.forward();
    expect(essence(on)).toEqual(essence(whole));
    const back = await breakOff();
    const { work } = migration(back);
    const isBegun = back.objects.has(`/api/v1${namespace}/configmaps/dpu-operator-migration`);
    await (isBegun ? work.back() : expect(work.back()).rejects.toThrow('no migration was begun'));
    const left = essence(back);
    // The pod of a check that was broken off is the next check's to delete.
    expect(isBegun ? left : left.filter((line) => !line.includes('/pods/dpu-migrate'))).toEqual(before);
  },
);

test('where the connection breaks behind each seventh change, it goes on to the end and back to the beginning all the same', async () => {
  const whole = new Cluster();
  await migration(whole).work.forward();
  const cluster = new Cluster();
  const { work, lines } = migration(cluster);
  cluster.breaks = () => cluster.changes.length % 7 === 0;
  await work.forward();
  expect(essence(cluster)).toEqual(essence(whole));
  await work.back();
  expect(essence(cluster)).toEqual(before);
  expect(lines).toContainEqual(expect.stringMatching(/socket hang up; trying again/));
});

test('a pod that was attached since the check and cannot be kept is named', async () => {
  const cluster = new Cluster();
  cluster.onChange = (change) => {
    if (!change.includes('/configmaps')) return;
    const device = { pod: 'default/late', device: '0000:01:00.1', state: 'lost', reason: 'no record' };
    cluster.answer = JSON.stringify({ devices: [device] });
  };
  const { work, lines } = migration(cluster);
  await work.forward();
  expect(lines).toContain('pod default/late on a cannot be kept: device 0000:01:00.1: no record. Delete the pod');
});

test('on the way back a pod that was attached since the look is named', async () => {
  const cluster = new Cluster();
  const { work, lines } = migration(cluster);
  await work.forward();
  cluster.onChange = (change) => {
    if (!change.includes('/configmaps')) return;
    cluster.answer = JSON.stringify({ devices: [{ pod: 'default/late', device: '0000:01:00.1', state: 'ours' }] });
  };
  await work.back();
  expect(lines).toContain(
    'attached since the migration, hence unknown to the Go daemon: pod default/late on a. Delete them',
  );
  expect(essence(cluster)).toEqual(before);
});

test('on the way back the webhook of our injector goes before those who answer it', async () => {
  const cluster = new Cluster();
  const { work } = migration(cluster);
  await work.forward();
  const begun = cluster.changes.length;
  await work.back();
  const changes = cluster.changes.slice(begun);
  const ours = [
    `/mutatingwebhookconfigurations/${injectorNames.webhook}`,
    `/deployments/${workloads.injector}`,
    `/services/${injectorNames.service}`,
    `/serviceaccounts/${workloads.injector}`,
  ];
  const deleted = ours.map((path) =>
    changes.findIndex((change) => change.startsWith('DELETE') && change.endsWith(path)),
  );
  expect(Math.min(...deleted)).toBeGreaterThan(0);
  expect(deleted).toEqual(deleted.toSorted((a, b) => a - b));
});

test('of two runs one ends: neither overwrites what the other remembers', async () => {
  const cluster = new Cluster();
  const saved = `/api/v1${namespace}/configmaps/dpu-operator-migration`;
  cluster.onChange = (change) => {
    const object = cluster.objects.get(saved);
    if (!object || !change.startsWith(`DELETE ${pods}/dpu-migrate-import`)) return;
    const data = object.data as { state: string };
    data.state = JSON.stringify({ ...JSON.parse(data.state), undoing: true });
    object.metadata.resourceVersion = 'other';
  };
  await expect(migration(cluster).work.forward()).rejects.toThrow('another run of the migration is at work');
  expect(cluster.objects.get(saved)).toMatchObject({ data: { state: expect.stringContaining('"undoing":true') } });
  await expect(migration(cluster).work.forward()).rejects.toThrow('go it to its end');
  await migration(cluster).work.back();
  expect(essence(cluster)).toEqual(before);
});

test('who may not do all of it is told all that is missing, also where it may not be read', async () => {
  const cluster = new Cluster();
  cluster.mayDoAll = false;
  await expect(migration(cluster).work.check()).rejects.toThrow(
    /nothing was changed:\n(.*you may not .*: migrate as a cluster administrator\n)+.*you may not escalate clusterroles/,
  );
});

test('what is in the way is said before anything is changed', async () => {
  const cluster = new Cluster();
  cluster.objects.set(configPath.replace('dpu-operator-config', 'other'), config([], 'other'));
  await expect(migration(cluster).work.forward()).rejects.toThrow(
    /cannot be taken over; nothing was changed:\n {2}- DpuOperatorConfig other/,
  );
  expect(cluster.changes).toEqual([]);
});
