import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Client,
  credentials,
  makeClientConstructor,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import { DevicePlugin } from './device-plugin.ts';
import { DevicePool } from './pool.ts';
import {
  type AllocateRequest,
  type AllocateResponse,
  devicePluginService,
  type ListAndWatchResponse,
  type PreferredAllocationRequest,
  type PreferredAllocationResponse,
  type RegisterRequest,
  registrationService,
} from './protocol.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const directory = () => mkdtempSync(join(tmpdir(), 'kubelet-'));

/** Registration as the kubelet serves it, with its habit of wiping the directory when it starts. */
async function startKubelet(path: string) {
  for (const name of ['kubelet.sock', 'dpuNet.sock']) rmSync(join(path, name), { force: true });
  const registrations: RegisterRequest[] = [];
  const server = new Server();
  server.addService(registrationService, {
    Register: (call: ServerUnaryCall<RegisterRequest, object>, done: sendUnaryData<object>) => {
      registrations.push(call.request);
      done(null, {});
    },
  });
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix:${path}/kubelet.sock`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  cleanups.push(() => server.forceShutdown());
  return { registrations, stop: () => server.forceShutdown() };
}

async function startPlugin(path: string, pool = new DevicePool()) {
  const plugin = new DevicePlugin({ directory: path, resourceName: 'openshift.io/dpu', pool, logger });
  await plugin.start();
  cleanups.push(() => plugin.close());
  return { plugin, pool };
}

function dial(path: string) {
  const Plugin = makeClientConstructor(devicePluginService, 'DevicePlugin');
  const client = new Plugin(`unix:${path}/dpuNet.sock`, credentials.createInsecure());
  cleanups.push(() => client.close());
  const call = <Request, Response>(method: string, request: Request) =>
    new Promise<Response>((resolve, reject) => {
      const stub = client[method] as (
        this: Client,
        request: Request,
        done: (error: Error | null, r: Response) => void,
      ) => void;
      stub.call(client, request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  const watch = (onDevices: (response: ListAndWatchResponse) => void) => {
    const stub = client.ListAndWatch as (this: Client, request: object) => NodeJS.EventEmitter & { cancel: () => void };
    const stream = stub.call(client, {});
    stream.on('data', onDevices).on('error', () => {});
    cleanups.push(() => stream.cancel());
  };
  return { call, watch };
}

test('registers with what the kubelet needs to know', async () => {
  const path = directory();
  const kubelet = await startKubelet(path);
  await startPlugin(path);
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
  const path = directory();
  await startPlugin(path);
  const kubelet = await startKubelet(path);
  await vi.waitFor(() => expect(kubelet.registrations).toHaveLength(1));
});

test('a kubelet that restarts and wipes the directory gets socket and registration again', async () => {
  const path = directory();
  const first = await startKubelet(path);
  const { pool } = await startPlugin(path);
  pool.set('dpu', [{ id: 'vf0', healthy: true }]);
  first.stop();
  const second = await startKubelet(path);
  await vi.waitFor(() => expect(second.registrations.length).toBeGreaterThan(0));
  await vi.waitFor(() => expect(existsSync(join(path, 'dpuNet.sock'))).toBe(true));
  const heard: ListAndWatchResponse[] = [];
  dial(path).watch((response) => heard.push(response));
  await vi.waitFor(() => expect(heard.at(-1)?.devices).toHaveLength(1));
});

test('a removed socket of ours is served and registered again', async () => {
  const path = directory();
  const kubelet = await startKubelet(path);
  await startPlugin(path);
  rmSync(join(path, 'dpuNet.sock'));
  await vi.waitFor(() => expect(kubelet.registrations.length).toBeGreaterThan(1));
  expect(existsSync(join(path, 'dpuNet.sock'))).toBe(true);
});

test('ListAndWatch sends the devices and then each change once', async () => {
  const path = directory();
  const { pool } = await startPlugin(path);
  pool.set('dpu', [{ id: 'vf0', healthy: true, numaNode: 1 }]);
  const heard: ListAndWatchResponse[] = [];
  dial(path).watch((response) => heard.push(response));
  await vi.waitFor(() => expect(heard).toHaveLength(1));
  pool.set('dpu', [{ id: 'vf0', healthy: true, numaNode: 1 }]);
  pool.set('dpu', [{ id: 'vf0', healthy: false, numaNode: 1 }]);
  await vi.waitFor(() => expect(heard).toHaveLength(2));
  expect(heard.map(({ devices }) => devices[0])).toEqual([
    { ID: 'vf0', health: 'Healthy', topology: { nodes: [{ ID: 1 }] } },
    { ID: 'vf0', health: 'Unhealthy', topology: { nodes: [{ ID: 1 }] } },
  ]);
});

test('Allocate names the devices and refuses unknown and unhealthy ones', async () => {
  const path = directory();
  const { pool } = await startPlugin(path);
  pool.set('dpu', [
    { id: 'vf0', healthy: true },
    { id: 'vf1', healthy: true },
    { id: 'vf2', healthy: false },
  ]);
  const { call } = dial(path);
  const allocate = (...ids: string[]) =>
    call<AllocateRequest, AllocateResponse>('Allocate', { container_requests: [{ devices_ids: ids }] });
  expect((await allocate('vf0', 'vf1')).container_responses[0]?.envs).toEqual({ DPU_DEVICES: 'vf0,vf1' });
  await expect(allocate('vf7')).rejects.toMatchObject({ code: 3, details: expect.stringContaining('vf7') });
  await expect(allocate('vf2')).rejects.toMatchObject({ code: 9, details: expect.stringContaining('dpu dpu') });
  const preferred = await call<PreferredAllocationRequest, PreferredAllocationResponse>('GetPreferredAllocation', {
    container_requests: [{ available_deviceIDs: ['vf1', 'vf0'], must_include_deviceIDs: [], allocation_size: 1 }],
  });
  expect(preferred.container_responses[0]?.deviceIDs).toEqual(['vf0']);
});
