import { existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { PciFunctions } from '../attach/device/pci-functions.ts';
import { FakeKubelet, PluginClient } from '../testing/kubelet.ts';
import { Allocator } from './allocator.ts';
import { DevicePlugin, findPluginDirectory } from './device-plugin.ts';
import { devicePluginService } from './device-plugin-api.ts';
import { PluginServer } from './plugin-server.ts';
import { DevicePool } from './pool.ts';

const logger = pino({ level: 'silent' });
const resourceName = 'openshift.io/dpu';
const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const newDirectory = () => mkdtempSync(join(tmpdir(), 'kubelet-'));

async function startKubelet(directory: string): Promise<FakeKubelet> {
  const kubelet = await new FakeKubelet(directory).start();
  cleanups.push(() => kubelet.stop());
  return kubelet;
}

const allocatorOf = (pool: DevicePool) =>
  new Allocator({
    pool,
    resourceName,
    pci: new PciFunctions('/nowhere'),
    deviceInfo: { write: () => {} },
    askVendor: async () => undefined,
    logger,
  });

function newPlugin(directory: string, pool: DevicePool): DevicePlugin {
  const plugin = new DevicePlugin({
    directory,
    resourceName,
    endpoint: 'dpuNet.sock',
    pool,
    allocator: allocatorOf(pool),
    logger,
  });
  cleanups.push(() => plugin.close());
  return plugin;
}

async function startPlugin(directory: string, pool = new DevicePool()) {
  const plugin = newPlugin(directory, pool);
  await plugin.start();
  return { plugin, pool };
}

function dial(directory: string): PluginClient {
  const client = new PluginClient(join(directory, 'dpuNet.sock'));
  cleanups.push(() => client.close());
  return client;
}

test('registers with what the kubelet needs to know', async () => {
  const directory = newDirectory();
  const kubelet = await startKubelet(directory);
  await startPlugin(directory);
  expect(kubelet.registrations).toEqual([
    {
      version: 'v1beta1',
      endpoint: 'dpuNet.sock',
      resource_name: 'openshift.io/dpu',
      options: { pre_start_required: false, get_preferred_allocation_available: true },
    },
  ]);
});

test('waits for a kubelet that comes later', async () => {
  const directory = newDirectory();
  await startPlugin(directory);
  const kubelet = await startKubelet(directory);
  await vi.waitFor(() => expect(kubelet.registrations).toHaveLength(1));
});

test('a kubelet that restarts and wipes the directory gets socket, registration and devices again', async () => {
  const directory = newDirectory();
  const first = await startKubelet(directory);
  const { pool } = await startPlugin(directory);
  pool.set('dpu', [{ id: 'vf0', healthy: true }]);
  first.stop();
  const second = await startKubelet(directory);
  await vi.waitFor(() => expect(second.lists.at(-1)).toHaveLength(1));
});

test('a kubelet that was killed leaves a dead socket: the next one is told at once', async () => {
  const directory = newDirectory();
  // A socket whose listener is gone while its path stays.
  const listener = createServer().listen(join(directory, 'killed.sock'));
  await vi.waitFor(() => expect(listener.listening).toBe(true));
  linkSync(join(directory, 'killed.sock'), join(directory, 'kubelet.sock'));
  await new Promise((resolve) => listener.close(resolve));
  const pool = new DevicePool();
  const plugin = newPlugin(directory, pool);
  const started = plugin.start();
  await vi.waitFor(() => expect(existsSync(join(directory, 'dpuNet.sock'))).toBe(true));
  const kubelet = await startKubelet(directory);
  await started;
  await vi.waitFor(() => expect(kubelet.watches).toBe(1));
});

test('a removed socket of ours is served and registered again', async () => {
  const directory = newDirectory();
  const kubelet = await startKubelet(directory);
  await startPlugin(directory);
  rmSync(join(directory, 'dpuNet.sock'));
  await vi.waitFor(() => expect(kubelet.registrations.length).toBeGreaterThan(1));
  expect(existsSync(join(directory, 'dpuNet.sock'))).toBe(true);
});

test('a kubelet that drops its watch while both sockets stay is told of the devices again, each time', async () => {
  const directory = newDirectory();
  const kubelet = await startKubelet(directory);
  const { pool } = await startPlugin(directory);
  pool.set('dpu', [{ id: 'vf0', healthy: true }]);
  const heard = () => expect(kubelet.lists.at(-1)).toMatchObject([{ ID: 'vf0' }]);
  await vi.waitFor(heard);
  for (const registrations of [2, 3]) {
    kubelet.lists.length = 0;
    kubelet.dropWatches();
    await vi.waitFor(heard);
    expect(kubelet.registrations).toHaveLength(registrations);
  }
});

test('a kubelet that answers and never watches is told again', async () => {
  const directory = newDirectory();
  const kubelet = await startKubelet(directory);
  kubelet.watchesPlugins = false;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  cleanups.push(() => {
    vi.useRealTimers();
  });
  await startPlugin(directory);
  kubelet.watchesPlugins = true;
  vi.advanceTimersByTime(5_000);
  await vi.waitFor(() => expect(kubelet.watches).toBe(1));
  expect(kubelet.registrations).toHaveLength(2);
});

test('a plugin that closes ends its watch and does not register again', async () => {
  const directory = newDirectory();
  const kubelet = await startKubelet(directory);
  const { plugin } = await startPlugin(directory);
  await vi.waitFor(() => expect(kubelet.lists).toHaveLength(1));
  await plugin.close();
  await vi.waitFor(() => expect(kubelet.watches).toBe(0));
  expect(kubelet.registrations).toHaveLength(1);
  expect(existsSync(join(directory, 'dpuNet.sock'))).toBe(false);
});

test('the end of one of two watches is no reason to register', async () => {
  const directory = newDirectory();
  const pool = new DevicePool();
  const onUnwatched = vi.fn();
  const socketPath = join(directory, 'dpuNet.sock');
  const server = new PluginServer({ socketPath, pool, allocator: allocatorOf(pool), onUnwatched, logger });
  await server.listen();
  cleanups.push(() => server.close());
  const client = dial(directory);
  const heard = vi.fn();
  const watches = [client.watch(heard), client.watch(heard)];
  await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2));
  for (const watch of watches) watch.cancel();
  await vi.waitFor(() => expect(server.watched).toBe(false));
  expect(onUnwatched).toHaveBeenCalledTimes(1);
});

test('the devices of several DPUs with their NUMA nodes, and then each change once', async () => {
  const directory = newDirectory();
  const kubelet = await startKubelet(directory);
  const pool = new DevicePool((id) => ({ '0000:81:00.2': 1 })[id]);
  await startPlugin(directory, pool);
  pool.set('a', [{ id: 'vf0', healthy: true, numaNode: 0 }]);
  pool.set('b', [{ id: '0000:81:00.2', healthy: true }]);
  const both = (health: string) => [
    { ID: '0000:81:00.2', health: 'Healthy', topology: { nodes: [{ ID: 1 }] } },
    { ID: 'vf0', health, topology: { nodes: [{ ID: 0 }] } },
  ];
  await vi.waitFor(() => expect(kubelet.lists.at(-1)).toEqual(both('Healthy')));
  const lists = kubelet.lists.length;
  pool.set('a', [{ id: 'vf0', healthy: true, numaNode: 0 }]);
  pool.set('a', [{ id: 'vf0', healthy: false, numaNode: 0 }]);
  await vi.waitFor(() => expect(kubelet.lists.at(-1)).toEqual(both('Unhealthy')));
  expect(kubelet.lists).toHaveLength(lists + 1);
  pool.remove('b');
  await vi.waitFor(() => expect(kubelet.lists.at(-1)).toHaveLength(1));
});

test('a DPU that goes takes no watch and no registration with it', async () => {
  const directory = newDirectory();
  const kubelet = await startKubelet(directory);
  const { pool } = await startPlugin(directory);
  pool.set('a', [{ id: 'vf0', healthy: true }]);
  await vi.waitFor(() => expect(kubelet.lists.at(-1)).toHaveLength(1));
  pool.remove('a');
  await vi.waitFor(() => expect(kubelet.lists.at(-1)).toEqual([]));
  expect([kubelet.watches, kubelet.registrations.length]).toEqual([1, 1]);
});

test('Allocate refuses unknown and unhealthy devices, and prefers as asked', async () => {
  const directory = newDirectory();
  const { pool } = await startPlugin(directory);
  pool.set('dpu', [
    { id: 'vf0', healthy: true },
    { id: 'vf1', healthy: true },
    { id: 'vf2', healthy: false },
  ]);
  const client = dial(directory);
  expect((await client.allocate('vf0', 'vf1')).container_responses[0]?.envs).toMatchObject({ DPU_DEVICES: 'vf0,vf1' });
  await expect(client.allocate('vf7')).rejects.toMatchObject({ code: 3, details: expect.stringContaining('vf7') });
  await expect(client.allocate('vf2')).rejects.toMatchObject({ code: 9, details: expect.stringContaining('dpu dpu') });
  const preferred = await client.preferred({
    container_requests: [{ available_deviceIDs: ['vf1', 'vf0'], must_include_deviceIDs: [], allocation_size: 1 }],
  });
  expect(preferred.container_responses[0]?.deviceIDs).toEqual(['vf0']);
});

test('what a plugin adds to a container reaches the kubelet under its field numbers', async () => {
  const response = {
    envs: {},
    mounts: [{ container_path: '/c', host_path: '/dev/h', read_only: true }],
    devices: [{ container_path: '/dev/c', host_path: '/dev/h', permissions: 'rw' }],
    cdi_devices: [{ name: 'a.b/c=d' }],
  };
  const bytes = devicePluginService.Allocate?.responseSerialize({ container_responses: [response] });
  const text = (field: string, value: string) => `${field}${hex(value.length)}${Buffer.from(value).toString('hex')}`;
  const within = (field: string, ...parts: string[]) => `${field}${hex(parts.join('').length / 2)}${parts.join('')}`;
  // Fields and wire types of k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1/api.proto: 0a is field 1, 12 is field 2, ...
  const mount = within('12', text('0a', '/c'), text('12', '/dev/h'), '1801');
  const device = within('1a', text('0a', '/dev/c'), text('12', '/dev/h'), text('1a', 'rw'));
  const cdi = within('2a', text('0a', 'a.b/c=d'));
  expect(bytes?.toString('hex')).toBe(within('0a', mount, device, cdi));
});

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

test("the kubelet's directory is the one that has its socket, else the likeliest", () => {
  const candidates: [string, string] = [join(newDirectory(), 'plugins'), join(newDirectory(), 'plugins')];
  const [likeliest, other] = candidates;
  expect(findPluginDirectory(candidates)).toBe(likeliest);
  mkdirSync(other);
  writeFileSync(join(other, 'kubelet.sock'), '');
  expect(findPluginDirectory(candidates)).toBe(other);
});
