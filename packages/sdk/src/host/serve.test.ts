import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import type { BridgePort, DataPath, Dpu, Outcome, Plugin, PluginContext } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import {
  healthService,
  heartbeatService,
  networkFunctionService,
  vendorDeviceService,
  vendorHeartbeatService,
  vendorLifeCycleService,
} from '../wire/grpc/definitions.ts';
import {
  hostInit,
  manifest,
  memoryDataPath,
  memoryPlugin,
  rawClient,
  serve,
  temporaryDirectory,
  vspClient,
} from './testing.ts';

const rejectsWith = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

/** A plugin that is created by `create`, and the DPUs that it was created for. */
function recording(create: (context: PluginContext<unknown>) => Plugin | Promise<Plugin>) {
  const created: Dpu[] = [];
  const plugin = {
    create: (context: PluginContext<unknown>) => {
      created.push(context.dpu);
      return create(context);
    },
  };
  return { plugin, created };
}

const hostDpu: Dpu = { side: 'host', identifier: 'test-1' };

describe('Init', () => {
  test('creates the plugin once, however often and however concurrently it comes', async () => {
    const address = { ip: '[fe80::1%eth0]', port: 50151 };
    const release = Promise.withResolvers<void>();
    const { plugin, created } = recording(async () => {
      await release.promise;
      return memoryPlugin({ address });
    });
    const client = vspClient((await serve(memoryPlugin(), { plugin })).socketPath);
    expect(created).toEqual([]);
    const inits = [client.init(hostInit), client.init(hostInit), client.init(hostInit)];
    await vi.waitFor(() => expect(created).toHaveLength(1));
    release.resolve();
    const answers = await Promise.all(inits);
    answers.push(await client.init(hostInit));
    expect(answers).toEqual(Array(4).fill(address));
    expect(created).toEqual([hostDpu]);
  });

  test('answers what was created at the start, where the host was told its DPU', async () => {
    const dpu = { ...hostDpu, product: 'Test DPU', pciAddress: '0000:01:00.0' };
    const { plugin, created } = recording(() => memoryPlugin());
    const client = vspClient((await serve(memoryPlugin(), { plugin, dpu })).socketPath);
    expect(created).toEqual([dpu]);
    await expect(client.getDevices()).rejects.toEqual(rejectsWith('FAILED_PRECONDITION', /needs a successful Init/));
    await expect(client.init(hostInit)).resolves.toMatchObject({ port: 50151 });
    expect(created).toEqual([dpu]);
  });

  test('of another side or DPU is refused, without the words that mean success', async () => {
    const client = vspClient((await serve(memoryPlugin())).socketPath);
    await client.init(hostInit);
    await expect(client.init({ ...hostInit, dpuMode: true })).rejects.toEqual(
      rejectsWith('FAILED_PRECONDITION', /serves the host side of "test-1"; restart/),
    );
    await expect(client.init({ ...hostInit, dpuIdentifier: 'test-2' })).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
    });
    const told = vspClient((await serve(memoryPlugin(), { dpu: hostDpu })).socketPath);
    await expect(told.init({ ...hostInit, dpuIdentifier: 'test-2' })).rejects.toEqual(
      rejectsWith('FAILED_PRECONDITION', /serves the host side of "test-1"/),
    );
  });

  test('whose creation failed may be tried again, also where the host was told its DPU', async () => {
    for (const dpu of [undefined, { ...hostDpu, product: 'Test DPU' }]) {
      let fails = true;
      const { plugin, created } = recording(() => {
        if (fails) throw new DpuError('UNAVAILABLE', 'firmware still loads');
        return memoryPlugin();
      });
      const client = vspClient((await serve(memoryPlugin(), { plugin, ...(dpu && { dpu }) })).socketPath);
      await expect(client.init(hostInit)).rejects.toEqual(rejectsWith('UNAVAILABLE', /firmware still loads/));
      fails = false;
      await expect(client.init(hostInit)).resolves.toMatchObject({ port: 50151 });
      expect(created.at(-1)).toEqual(dpu ?? hostDpu);
    }
  });

  test('must come before everything else', async () => {
    const client = vspClient((await serve(memoryPlugin())).socketPath);
    await expect(client.getDevices()).rejects.toEqual(rejectsWith('FAILED_PRECONDITION', /needs a successful Init/));
    await expect(client.ping('daemon')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    await client.init(hostInit);
    await expect(client.ping('daemon')).resolves.toEqual({ healthy: true, responderId: 'node-1' });
  });
});

test('what a container gets with its devices crosses the wire', async () => {
  const allocate = async (ids: string[]) => ({
    env: { CARD_PORTS: ids.join(' ') },
    mounts: [{ hostPath: '/dev/hugepages' }],
    deviceNodes: [{ hostPath: '/dev/vhost-vdpa-0', permissions: 'rw' as const }],
    cdiDevices: ['acme.example.com/vdpa=0'],
  });
  const { socketPath } = await serve(memoryPlugin({ allocate }));
  const client = vspClient(socketPath);
  await client.init(hostInit);
  await expect(client.allocateDevices(['vf0', 'vf1'])).resolves.toEqual({
    env: { CARD_PORTS: 'vf0 vf1' },
    mounts: [{ hostPath: '/dev/hugepages', containerPath: '/dev/hugepages', readOnly: false }],
    deviceNodes: [{ hostPath: '/dev/vhost-vdpa-0', containerPath: '/dev/vhost-vdpa-0', permissions: 'rw' }],
    cdiDevices: ['acme.example.com/vdpa=0'],
  });
  expect((await client.getInfo())?.capabilities).toEqual(['deviceAllocation']);
});

test('devices, VF count and heartbeat cross the wire', async () => {
  const client = vspClient((await serve(memoryPlugin({ healthy: async () => false }))).socketPath);
  await client.init(hostInit);
  await expect(client.getDevices()).resolves.toEqual([
    { id: 'vf0', healthy: true, numaNode: 1 },
    { id: 'vf1', healthy: false },
  ]);
  await expect(client.setNumVfs(7)).resolves.toBe(7);
  await expect(client.setNumVfs(-1)).rejects.toEqual(rejectsWith('INVALID_ARGUMENT', /vf_cnt/));
  await expect(client.ping('daemon')).resolves.toMatchObject({ healthy: false });
});

test('a client that knows only the Vendor names is served', async () => {
  const calls: unknown[] = [];
  const dataPath = memoryDataPath({
    apply: async ({ networkFunctions }) => {
      calls.push([...networkFunctions.values()]);
      return undefined;
    },
  });
  const call = rawClient((await serve(memoryPlugin({ dataPath }))).socketPath);
  await expect(call(vendorLifeCycleService.Init, hostInit)).resolves.toEqual({ ip: '127.0.0.1', port: 50151 });
  const { devices } = await call(vendorDeviceService.GetDevices, {});
  expect(devices.vf0).toEqual({ ID: 'vf0', health: 'Healthy', topology: { node: '1' }, details: null });
  await expect(call(vendorDeviceService.SetNumVfs, { vfCnt: 3 })).resolves.toEqual({ vfCnt: 3 });
  await expect(call(vendorHeartbeatService.Ping, { timestamp: '1' })).resolves.toMatchObject({ healthy: true });
  const request = { input: '02:00:00:00:00:0A', output: '02:00:00:00:00:0b', bridgeId: 'deadbeef' };
  await call(networkFunctionService.CreateNetworkFunction, request);
  await call(networkFunctionService.DeleteNetworkFunction, { ...request, bridgeId: '' });
  const nf = { input: '02:00:00:00:00:0a', output: '02:00:00:00:00:0b' };
  expect(calls).toEqual([[{ ...nf, bridgeId: 'deadbeef' }], []]);
});

test('times are whole nanoseconds', async () => {
  const call = rawClient((await serve(memoryPlugin())).socketPath);
  await call(vendorLifeCycleService.Init, hostInit);
  const { timestamp } = await call(heartbeatService.Ping, { timestamp: '1700000000123456789', senderId: 'daemon' });
  expect(timestamp).toMatch(/^\d{19}$/);
});

const grpcNotFound = Object.assign(new Error('5 NOT_FOUND: no table'), { code: 5, details: 'no table' });

const port: BridgePort = {
  name: 'host0-0',
  macAddress: '02:00:00:00:00:01',
  type: 'ACCESS',
  logicalBridges: [],
};

describe('errors', () => {
  test('keep their code, also those of another copy of the SDK; a bug is INTERNAL with its stack in the log', async () => {
    const foreign = Object.assign(new Error('beyond the card'), { name: 'DpuError', code: 'OUT_OF_RANGE' });
    let thrown: unknown = new DpuError('RESOURCE_EXHAUSTED', 'no VF left');
    const setNumVfs = async () => {
      throw thrown;
    };
    const { socketPath, logs } = await serve(memoryPlugin({ setNumVfs }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    await expect(client.setNumVfs(1)).rejects.toEqual(rejectsWith('RESOURCE_EXHAUSTED', /no VF left/));
    thrown = foreign;
    await expect(client.setNumVfs(1)).rejects.toEqual(rejectsWith('OUT_OF_RANGE', /beyond the card/));
    thrown = new DpuError('UNAVAILABLE', 'no switch');
    await expect(client.setNumVfs(1)).rejects.toEqual(rejectsWith('UNAVAILABLE', /^no switch$/));
    thrown = new TypeError('x is not a function');
    await expect(client.setNumVfs(1)).rejects.toEqual(rejectsWith('INTERNAL', /x is not a function/));
    const logged = logs.find(({ level }) => level === 50);
    expect(logged).toMatchObject({ method: expect.stringContaining('SetNumVfs') });
    expect(JSON.stringify(logged)).toContain('serve.test.ts');
  });

  test.each<[string, () => unknown]>([
    ['the exit code of a program', () => promisify(execFile)('sh', ['-c', 'exit 5'])],
    ['the status of a server that the plugin asked', () => Promise.reject(grpcNotFound)],
    ['a code of Node', () => readFile('/nowhere')],
    [
      'a key that every object has',
      () => Promise.reject(Object.assign(new Error('odd'), { name: 'DpuError', code: 'toString' })),
    ],
    ['no error at all', () => Promise.reject(Object.create(null))],
  ])('%s is INTERNAL, and a delete with allow_missing is not done by it', async (_what, fail) => {
    const apply: DataPath['apply'] = async ({ bridgePorts }) => {
      if (bridgePorts.size === 0) await fail();
      return undefined;
    };
    const { socketPath } = await serve(memoryPlugin({ dataPath: memoryDataPath({ apply }) }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    await client.createBridgePort(port);
    await expect(client.deleteBridgePort('host0-0', { allowMissing: true })).rejects.toMatchObject({
      code: 'INTERNAL',
    });
  });

  test.each<[string, unknown, RegExp]>([
    ['a state that there is not', { state: 'done' }, /outcome of bridgePorts\/host0-0 is \{ state: 'done' \}/],
    ['a code that there is not', { state: 'failed', code: 5, message: '' }, /code of bridgePorts\/host0-0 is 5/],
    ['no outcome', undefined, /outcome of bridgePorts\/host0-0 is undefined/],
  ])('a wrong answer of the plugin is its fault and not the caller’s: %s', async (_what, outcome, words) => {
    const apply = async () => new Map([['bridgePorts/host0-0', outcome as Outcome]]);
    const { socketPath } = await serve(memoryPlugin({ dataPath: memoryDataPath({ apply }) }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    const made = client.createBridgePort(port);
    await expect(made).rejects.toEqual(rejectsWith('INTERNAL', words));
  });

  test('a text of megabytes arrives with its first 4,096 bytes', async () => {
    const setNumVfs = async () => {
      throw new DpuError('OUT_OF_RANGE', 'ü'.repeat(1_000_000));
    };
    const { socketPath } = await serve(memoryPlugin({ setNumVfs }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    await expect(client.setNumVfs(1)).rejects.toMatchObject({
      code: 'OUT_OF_RANGE',
      message: expect.stringMatching(/^ü{2046}…$/),
    });
  });

  test('contracts that the plugin lacks are UNIMPLEMENTED', async () => {
    const client = vspClient((await serve(memoryPlugin())).socketPath);
    await client.init(hostInit);
    const nf = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };
    await expect(client.createNetworkFunction(nf)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
    await expect(client.deleteBridgePort('host0-0', { allowMissing: true })).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
    });
    await expect(client.setNetworkConfig({ isAccelerated: true })).rejects.toMatchObject({ code: 'UNIMPLEMENTED' });
  });
});

describe('settings', () => {
  test('reach the plugin with their defaults', async () => {
    let seen: unknown;
    const plugin = {
      create: (context: { settings: unknown }) => {
        seen = context.settings;
        return memoryPlugin();
      },
    };
    await serve(memoryPlugin(), { plugin, dpu: hostDpu, settings: { peer: '192.0.2.7' } });
    expect(seen).toEqual({ peer: '192.0.2.7', vfs: 2 });
  });

  test('that break the schema are refused by name', async () => {
    const settings = { vfs: 'many', peer: 'nowhere', vf: 1 };
    await expect(serve(memoryPlugin(), { settings })).rejects.toEqual(
      rejectsWith(
        'INVALID_ARGUMENT',
        /settings\.vf: there is no such.*settings\.vfs: must be integer.*settings\.peer:/,
      ),
    );
    const broken = { ...manifest, settings: { type: 'object', propertys: {} } };
    await expect(serve(memoryPlugin(), { manifest: broken })).rejects.toEqual(
      rejectsWith('INVALID_ARGUMENT', /dpu\.settings.*propertys/),
    );
  });
});

describe('the socket', () => {
  test('is for root only and goes with the server', async () => {
    const { server, socketPath } = await serve(memoryPlugin());
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    await server.close();
    expect(existsSync(socketPath)).toBe(false);
  });

  test('of a process that was killed is replaced', async () => {
    const socketPath = join(await temporaryDirectory(), 'vsp.sock');
    await leaveSocket(socketPath);
    await serve(memoryPlugin(), { socketPath });
    await expect(vspClient(socketPath).init(hostInit)).resolves.toMatchObject({ port: 50151 });
  });

  test('is neither taken from a living process nor from a file, and its directory is not made', async () => {
    const { socketPath } = await serve(memoryPlugin());
    await expect(serve(memoryPlugin(), { socketPath })).rejects.toEqual(
      rejectsWith('ALREADY_EXISTS', /another process/),
    );
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'file'), '');
    await expect(serve(memoryPlugin(), { socketPath: join(directory, 'file') })).rejects.toEqual(
      rejectsWith('ALREADY_EXISTS', /not a socket/),
    );
    await expect(serve(memoryPlugin(), { socketPath: join(directory, 'no', 'vsp.sock') })).rejects.toEqual(
      rejectsWith('NOT_FOUND', /directory does not exist/),
    );
    const long = join(directory, 'x'.repeat(100));
    await mkdir(long);
    await expect(serve(memoryPlugin(), { socketPath: join(long, 'vsp.sock') })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });
});

describe('close', () => {
  test('lets calls in flight end, refuses new ones, then closes the plugin', async () => {
    const order: string[] = [];
    const [entered, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const setNumVfs = async (count: number) => {
      entered.resolve();
      await release.promise;
      order.push('call');
      return count;
    };
    const close = async () => void order.push('close');
    const { server, socketPath } = await serve(memoryPlugin({ setNumVfs, close }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    const call = client.setNumVfs(5);
    await entered.promise;
    const closed = server.close();
    await expect(vspClient(socketPath).getDevices()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    release.resolve();
    await expect(call).resolves.toBe(5);
    await closed;
    expect(order).toEqual(['call', 'close']);
  });

  test('aborts the signal at once, also while the plugin is created, and closes it then', async () => {
    const order: string[] = [];
    const entered = Promise.withResolvers<void>();
    const { plugin } = recording(async ({ signal }) => {
      const aborted = once(signal, 'abort');
      entered.resolve();
      await aborted;
      order.push('aborted');
      return memoryPlugin({ close: async () => void order.push('close') });
    });
    const { server } = await serve(memoryPlugin(), { plugin, dpu: hostDpu });
    await entered.promise;
    await server.close();
    expect(order).toEqual(['aborted', 'close']);
  });

  test('cuts off a call that never ends', async () => {
    const entered = Promise.withResolvers<void>();
    const setNumVfs = () => {
      entered.resolve();
      return new Promise<number>(() => {});
    };
    const { server, socketPath } = await serve(memoryPlugin({ setNumVfs }), { drainMs: 20 });
    const client = vspClient(socketPath);
    await client.init(hostInit);
    const call = client.setNumVfs(5);
    await entered.promise;
    await Promise.all([server.close(), expect(call).rejects.toEqual(rejectsWith('UNAVAILABLE', /cut off/))]);
  });
});

test('health tells of the server and of each service', async () => {
  const call = rawClient((await serve(memoryPlugin())).socketPath);
  await expect(call(healthService.Check, {})).resolves.toEqual({ status: 'SERVING' });
  await expect(call(healthService.Check, { service: 'Vendor.DeviceService' })).resolves.toEqual({ status: 'SERVING' });
  await expect(call(healthService.Check, { service: 'Vendor.NetworkFunctionService' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

/** What a killed process leaves: a socket file on which nobody listens. */
async function leaveSocket(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = createServer().listen(`${path}.moved`, resolve);
  await promise;
  await rename(`${path}.moved`, path);
  await new Promise((done) => server.close(done));
}

test('a call that takes too long is answered, and from then on health says NOT_SERVING', async () => {
  const hung: string[] = [];
  const { socketPath } = await serve(memoryPlugin({ setNumVfs: () => new Promise(() => {}) }), {
    deadlineMs: 50,
    drainMs: 1,
    onHung: ({ message }) => hung.push(message),
  });
  const client = vspClient(socketPath);
  await client.init(hostInit);
  const words = /has not answered SetNumVfs within 0.05 s/;
  await expect(client.setNumVfs(1)).rejects.toEqual(rejectsWith('DEADLINE_EXCEEDED', words));
  expect(hung).toEqual([expect.stringMatching(words)]);
  await expect(rawClient(socketPath)(healthService.Check, {})).resolves.toEqual({ status: 'NOT_SERVING' });
});

test('what a plugin writes to its state directory is there after a restart, for nobody else', async () => {
  const directory = await temporaryDirectory();
  const socketPath = join(directory, 'vsp.sock');
  const contexts: string[] = [];
  const plugin = {
    create: ({ stateDirectory }: { stateDirectory: string }) => {
      contexts.push(stateDirectory);
      return memoryPlugin();
    },
  };
  const { server } = await serve(memoryPlugin(), { plugin, dpu: hostDpu, socketPath });
  const [stateDirectory = ''] = contexts;
  expect((await stat(stateDirectory)).mode & 0o777).toBe(0o700);
  await writeFile(join(stateDirectory, 'known'), '');
  await server.close();
  await serve(memoryPlugin(), { plugin, dpu: hostDpu, socketPath });
  expect(contexts).toEqual([stateDirectory, stateDirectory]);
  expect(existsSync(join(stateDirectory, 'known'))).toBe(true);
});

test('a SetNumVfs(0) that the plugin refuses leaves the data path as it was', async () => {
  const applied: string[][] = [];
  const apply = async (wanted: { bridgePorts: ReadonlyMap<string, unknown> }) => {
    applied.push([...wanted.bridgePorts.keys()]);
    return undefined;
  };
  const setNumVfs = async () => {
    throw new DpuError('FAILED_PRECONDITION', 'pods use vf0');
  };
  const plugin = memoryPlugin({ dataPath: { serves: ['bridge'], apply }, setNumVfs });
  const client = vspClient((await serve(plugin)).socketPath);
  await client.init(hostInit);
  const name = 'bridgePorts/host0-0';
  await client.createBridgePort({ name, macAddress: '02:00:00:00:00:01', type: 'ACCESS', logicalBridges: [] });
  await expect(client.setNumVfs(0)).rejects.toThrow('pods use vf0');
  expect(applied).toEqual([[name], [], [name]]);
  expect((await client.listBridgePorts()).map((port) => port.name)).toEqual([name]);
});
