/** Whole daemons against an API server of the tests: what a node's life does to its DPUs. */
import 'reflect-metadata';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeSysfs, fakeSysfs } from '@dpu-operator/sdk/testing';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { annotations, dataProcessingUnit } from '../api/index.ts';
import { EventRecorder, type KubeStore } from '../kube/index.ts';
import { ProcessLog } from '../log.ts';
import { AttachmentStore } from './attach/index.ts';
import type { Attachment } from './attach/record/attachment.ts';
import { parseConfig } from './config.ts';
import { Daemon } from './daemon.ts';
import { gone } from './presence.ts';
import { TestApiServer } from './testing/api-server.ts';
import { GoVsp } from './testing/go-vsp.ts';
import { dpuPath } from './testing/node-dpus.ts';
import { freePort, Vsp } from './testing/vsp.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const configPath = '/apis/config.openshift.io/v1/dpuoperatorconfigs/dpu-operator-config';
const config = {
  apiVersion: 'config.openshift.io/v1',
  kind: 'DpuOperatorConfig',
  metadata: { name: 'dpu-operator-config', finalizers: ['dpu.config.openshift.io/operator'] },
  spec: { mode: 'auto', logLevel: 0 },
};
const sideLabel = 'dpu.config.openshift.io/dpuside';
const card = { address: '0000:0f:00.0', vendor: '177d', device: 'a0f7', netdevs: [{ name: 'rpm0' }] };
const vendorPlugin = {
  apiVersion: 'config.openshift.io/v1',
  kind: 'VendorPlugin',
  metadata: { name: 'acme' },
  spec: { image: 'vsp:1', version: 'latest' },
  status: {
    releases: [
      {
        requested: 'latest',
        image: 'vsp:1',
        manifest: {
          contract: '^1.0.0',
          products: [
            {
              name: 'Acme DPU',
              dpu: {
                detect: { pci: { vendor: '177d', device: 'a0f7' }, netdevName: '^rpm' },
                identifier: 'acme-dpu',
              },
            },
          ],
        },
      },
    ],
  },
};

/** The API server of a cluster with a plugin; shared by the nodes of a test. */
async function cluster() {
  const api = new TestApiServer();
  api.put(configPath, config);
  api.put('/apis/config.openshift.io/v1/vendorplugins/acme', vendorPlugin);
  const store = await api.start();
  cleanups.push(() => {
    store.client.close();
    api.close();
  });
  return { api, store };
}

class NodeFixture {
  readonly name: string;
  readonly sysfs: FakeSysfs;
  readonly attachments: AttachmentStore;
  readonly directory = mkdtempSync(join(tmpdir(), 'daemon-'));
  readonly #api: TestApiServer;
  readonly #store: KubeStore;
  readonly log = new ProcessLog('info', { write: () => {} });
  /** CNI servers that have been started. */
  servers = 0;
  #stop = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  private constructor(name: string, api: TestApiServer, store: KubeStore, sysfs: FakeSysfs) {
    this.name = name;
    this.sysfs = sysfs;
    this.#api = api;
    this.#store = store;
    for (const made of ['daemon', 'kubelet']) mkdirSync(join(this.directory, made));
    writeFileSync(join(this.directory, 'dpu-cni'), '#!');
    this.attachments = new AttachmentStore({ directory: join(this.directory, 'daemon/state/attachments'), logger });
    api.put(this.path, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { dpu: 'true' } } });
  }

  /** A node with a card, and its daemon. */
  static async start(name: string, { api, store }: { api: TestApiServer; store: KubeStore }): Promise<NodeFixture> {
    const root = { address: '0000:00:00.0', vendor: '8086', device: '0000' };
    const sysfs = await fakeSysfs({ pci: [root, card] });
    const node = new NodeFixture(name, api, store, sysfs);
    await node.startDaemon();
    cleanups.push(async () => {
      await node.stopDaemon();
      await sysfs[Symbol.asyncDispose]();
    });
    return node;
  }

  get path(): string {
    return `/api/v1/nodes/${this.name}`;
  }

  async startDaemon(): Promise<void> {
    const daemon = this.runDaemon();
    await vi.waitFor(() => expect(daemon.notReady()).toEqual([]), 20_000);
  }

  runDaemon(): Daemon {
    this.#stop = new AbortController();
    const daemon = new Daemon(
      parseConfig({
        K8S_NODE: this.name,
        CNI_BIN_DIR: join(this.directory, 'bin'),
        CNI_SOURCE: join(this.directory, 'dpu-cni'),
      }),
      {
        daemon: join(this.directory, 'daemon'),
        state: join(this.directory, 'daemon/state'),
        devicePlugins: [join(this.directory, 'kubelet')],
        deviceInfo: join(this.directory, 'devinfo'),
        vsp: (dpuName) => this.vspDirectory(dpuName),
      },
      this.log,
      this.#store,
      new EventRecorder(this.#store, 'test', 'test', logger),
      this.sysfs,
      this.attachments,
      { podOf: async () => gone },
      async () => {
        this.servers += 1;
        return { retry: () => {}, close: async () => {} };
      },
    );
    const { signal } = this.#stop;
    this.#ended = daemon.run(signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
    return daemon;
  }

  async stopDaemon(): Promise<void> {
    this.#stop.abort();
    await this.#ended;
  }

  vspDirectory(dpuName: string): string {
    return join(this.directory, 'daemon/vsp', dpuName);
  }

  /** What an administrator does with `kubectl label node`. */
  label(labels: Record<string, string | undefined>): void {
    const object = this.#api.objects.get(this.path);
    if (!object) throw new Error(`there is no node ${this.name}`);
    const next = Object.entries({ ...object.metadata.labels, ...labels });
    const kept = Object.fromEntries(next.filter((entry): entry is [string, string] => entry[1] !== undefined));
    this.#api.put(this.path, { ...object, metadata: { ...object.metadata, labels: kept } });
  }

  labels(): Record<string, string> | undefined {
    return this.#api.objects.get(this.path)?.metadata.labels;
  }

  object(name: string) {
    const object = this.#api.objects.get(`${dpuPath}/${name}`);
    return object && dataProcessingUnit.schema.parse(object);
  }

  ready(name: string) {
    return this.object(name)?.status?.conditions?.find(({ type }) => type === 'Ready');
  }

  /** What events say. */
  events(): unknown[] {
    const events = [...this.#api.objects].filter(([path]) => path.includes('/events/'));
    return events.map(([, { note }]) => note);
  }

  get hasExecutable(): boolean {
    return existsSync(join(this.directory, 'bin/dpu-cni'));
  }

  /** Whether it serves devices to the kubelet. */
  get offersDevices(): boolean {
    return existsSync(join(this.directory, 'kubelet/dpuNet.sock'));
  }

  async startVsp(dpuName: string): Promise<Vsp> {
    const vsp = new Vsp(await freePort());
    await vsp.start(this.vspDirectory(dpuName));
    cleanups.push(() => vsp.stop());
    return vsp;
  }
}

const dpuName = 'acme-dpu-dpu';

function attachment(): Attachment {
  return {
    id: '11111111-1111-4111-8111-111111111111',
    containerId: 'c',
    ifName: 'net1',
    network: 'n',
    netns: '/var/run/netns/x',
    netnsId: '1',
    state: 'attached',
    role: 'networkFunction',
    deviceId: 'vf0',
    dpuName,
    pf: 0,
    vf: 0,
    link: { name: 'vf0', mac: '02:00:00:00:00:01', mtu: 1500 },
    mac: '02:00:00:00:00:01',
    pod: { namespace: 'shop', name: 'web' },
  };
}

async function servedNode(): Promise<NodeFixture & { api: TestApiServer }> {
  const shared = await cluster();
  const node = await NodeFixture.start('node-1', shared);
  await vi.waitFor(() => expect(node.ready(dpuName)?.reason).toBe('VspNotRunning'), 20_000);
  await vi.waitFor(() => expect(node.labels()?.[sideLabel]).toBe('dpu'));
  return Object.assign(node, { api: shared.api });
}

/** Each once, in the order of the first times: a cache that is behind has the daemon try again. */
const writesSince = (api: TestApiServer, count: number) => [
  ...new Set(api.writes.slice(count).filter((write) => !/\/(events|leases)/.test(write))),
];

test('a node that loses the label dpu=true waits for its pods, is cleaned up, and loses the daemon’s label last', async () => {
  const node = await servedNode();
  node.attachments.put(attachment());
  node.label({ dpu: undefined });
  await vi.waitFor(() => expect(node.ready(dpuName)).toMatchObject({ status: 'False', reason: 'InUse' }));
  expect(node.ready(dpuName)?.message).toContain('shop/web');
  expect([node.hasExecutable, node.labels()?.[sideLabel]]).toEqual([true, 'dpu']);
  const writes = node.api.writes.length;
  node.attachments.delete(attachment());
  await vi.waitFor(() => expect(node.labels()).toEqual({}));
  expect([node.object(dpuName), node.hasExecutable]).toEqual([undefined, false]);
  expect(writesSince(node.api, writes)).toEqual([`PATCH ${dpuPath}/${dpuName}`, `PATCH ${node.path}`]);
  node.label({ dpu: 'true' });
  await vi.waitFor(() => expect(node.ready(dpuName)?.reason).toBe('VspNotRunning'));
  await vi.waitFor(() => expect([node.hasExecutable, node.labels()?.[sideLabel]]).toEqual([true, 'dpu']));
});

test('the level of the log follows the configuration', async () => {
  const node = await servedNode();
  const says = (logLevel: number) => node.api.put(configPath, { ...config, spec: { ...config.spec, logLevel } });
  says(1);
  await vi.waitFor(() => expect(node.log.logger.level).toBe('debug'));
  says(0);
  await vi.waitFor(() => expect(node.log.logger.level).toBe('info'));
});

test('a node that lost the label while it was rebooted, which leaves no records, is cleaned up in the same order', async () => {
  const node = await servedNode();
  await node.stopDaemon();
  rmSync(join(node.directory, 'daemon'), { recursive: true });
  mkdirSync(join(node.directory, 'daemon'));
  node.label({ dpu: undefined });
  const writes = node.api.writes.length;
  node.runDaemon();
  await vi.waitFor(() => expect(node.labels()).toEqual({}));
  expect([node.object(dpuName), node.hasExecutable]).toEqual([undefined, false]);
  expect(writesSince(node.api, writes)).toEqual([
    `DELETE ${dpuPath}/${dpuName}`,
    `PATCH ${dpuPath}/${dpuName}`,
    `PATCH ${node.path}`,
  ]);
});

test('a configuration that is deleted waits for pods; the label is off the node before the last finalizer is', async () => {
  const node = await servedNode();
  node.attachments.put(attachment());
  node.api.delete(configPath);
  await vi.waitFor(() => expect(node.ready(dpuName)).toMatchObject({ reason: 'InUse' }));
  const writes = node.api.writes.length;
  node.attachments.delete(attachment());
  await vi.waitFor(() => expect(node.object(dpuName)).toBeUndefined());
  expect([node.labels(), node.hasExecutable]).toEqual([{ dpu: 'true' }, false]);
  expect(writesSince(node.api, writes)).toEqual([`PATCH ${node.path}`, `PATCH ${dpuPath}/${dpuName}`]);
});

test('a node that loses its last DPU keeps no executable, so that its daemon may be taken away at once', async () => {
  const node = await servedNode();
  rmSync(join(node.sysfs.root, 'bus/pci/devices', card.address), { recursive: true });
  node.api.delete('/apis/config.openshift.io/v1/vendorplugins/acme');
  await vi.waitFor(() => expect(node.object(dpuName)).toBeUndefined(), 20_000);
  await vi.waitFor(() => expect([node.labels(), node.hasExecutable]).toEqual([{ dpu: 'true' }, false]));
  await node.stopDaemon();
  await node.startDaemon();
  expect([node.labels(), node.hasExecutable, node.servers]).toEqual([{ dpu: 'true' }, false, 1]);
});

test('an address that could not be given back keeps the daemon and its records on a node that is left', async () => {
  const node = await servedNode();
  const left: Attachment = { ...attachment(), state: 'detaching', deviceIsBack: true };
  node.attachments.put(left);
  node.label({ dpu: undefined });
  await vi.waitFor(() => expect(node.events()).toContainEqual(expect.stringContaining('net1 of pod shop/web')));
  expect([node.hasExecutable, node.attachments.list().length]).toEqual([true, 1]);
  node.attachments.delete(left);
  await vi.waitFor(() => expect([node.labels(), node.hasExecutable]).toEqual([{}, false]));
});

test('a node that is registered anew, without labels, keeps its DPU', async () => {
  const node = await servedNode();
  const uid = node.object(dpuName)?.metadata.uid;
  node.api.delete(node.path);
  node.api.put(node.path, { apiVersion: 'v1', kind: 'Node', metadata: { name: node.name, labels: {} } });
  node.label({ dpu: 'true' });
  // By then the daemon has seen the node without labels too.
  await vi.waitFor(() => expect(node.labels()?.[sideLabel]).toBe('dpu'));
  expect([node.object(dpuName)?.metadata.uid, node.hasExecutable]).toEqual([uid, true]);
});

test('a netdev that is away for a moment changes nothing but a condition and the health of the devices', async () => {
  const node = await servedNode();
  const vsp = await node.startVsp(dpuName);
  await vi.waitFor(() => expect(node.ready(dpuName)?.status).toBe('True'), 20_000);
  const uid = node.object(dpuName)?.metadata.uid;
  const netdev = join(node.sysfs.root, 'bus/pci/devices', card.address, 'net/rpm0');
  rmSync(netdev, { recursive: true });
  node.label({ look: 'now' });
  await vi.waitFor(() => expect(node.ready(dpuName)?.reason).toBe('HardwareMissing'));
  expect(node.ready(dpuName)?.message).toContain(`PCI function ${card.address} has no netdev`);
  // The next daemon does not know better.
  await node.stopDaemon();
  await node.startDaemon();
  await vi.waitFor(() => expect(node.ready(dpuName)?.reason).toBe('HardwareMissing'));
  mkdirSync(netdev);
  // Without an event: the daemon looks again as long as something is missing.
  await vi.waitFor(() => expect(node.ready(dpuName)?.status).toBe('True'), 10_000);
  expect(node.object(dpuName)?.metadata.uid).toBe(uid);
  expect(vsp.numVfsAsked).toEqual([]);
  expect(node.api.writes.filter((write) => write.startsWith('DELETE'))).toEqual([]);
});

test('a daemon that starts while the API server is away serves what was served, and takes nothing away', async () => {
  const node = await servedNode();
  const vsp = await node.startVsp(dpuName);
  await vi.waitFor(() => expect(node.ready(dpuName)?.status).toBe('True'), 20_000);
  await node.stopDaemon();
  expect(node.offersDevices).toBe(false);
  node.api.close();
  const daemon = node.runDaemon();
  await vi.waitFor(() => expect([node.servers, node.offersDevices]).toEqual([2, true]), 20_000);
  expect(daemon.notReady()).toEqual(['the caches are being filled']);
  expect([node.hasExecutable, existsSync(node.vspDirectory(dpuName)), vsp.numVfsAsked]).toEqual([true, true, []]);
});

test('two nodes with the same card are both served, and keep their names', async () => {
  const shared = await cluster();
  const first = await NodeFixture.start('node-1', shared);
  await vi.waitFor(() => expect(first.ready(dpuName)).toBeDefined(), 20_000);
  const second = await NodeFixture.start('node-2', shared);
  const behind = 'acme-dpu-node-2-dpu';
  await vi.waitFor(() => expect(second.ready(behind)?.reason).toBe('VspNotRunning'), 20_000);
  expect([first.object(dpuName)?.spec.nodeName, second.object(behind)?.spec.nodeName]).toEqual(['node-1', 'node-2']);
  expect(existsSync(second.vspDirectory(behind))).toBe(true);
  first.label({ dpu: undefined });
  await vi.waitFor(() => expect(first.object(dpuName)).toBeUndefined());
  const uid = second.object(behind)?.metadata.uid;
  await second.stopDaemon();
  await second.startDaemon();
  second.label({ look: 'now' });
  await vi.waitFor(() => expect(second.ready(behind)).toBeDefined());
  expect([second.object(behind)?.metadata.uid, second.object(dpuName)]).toEqual([uid, undefined]);
});

test('a Go image whose answer to Init is lost: the operator is asked for another pod where nothing uses the DPU', async () => {
  const node = await servedNode();
  const vsp = new GoVsp(await freePort());
  vsp.inits = 1;
  await vsp.start(node.vspDirectory(dpuName));
  cleanups.push(() => vsp.stop());
  await vi.waitFor(
    () =>
      expect(node.object(dpuName)?.metadata.annotations).toMatchObject({ [annotations.restartVsp]: expect.anything() }),
    20_000,
  );
});
