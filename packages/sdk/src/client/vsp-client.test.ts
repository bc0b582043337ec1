import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Device } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { hostInit, memoryDataPath, memoryPlugin, serve, temporaryDirectory, vspClient } from '../host/testing.ts';
import {
  bridgePortService,
  deviceService,
  heartbeatService,
  lifeCycleService,
  networkFunctionService,
  vendorDeviceService,
  vendorHeartbeatService,
  vendorLifeCycleService,
} from '../wire/grpc/definitions.ts';
import { addUnaryService } from '../wire/grpc/unary.ts';
import { bytesMethod } from './bytes-method.ts';
import { Connection } from './connection.ts';
import { VspClient } from './vsp-client.ts';

async function listen(server: Server, address: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  onTestFinished(() => server.forceShutdown());
  return promise;
}

/** An image from before the opi_api names; its second Init fails as theirs do. */
async function oldImage(): Promise<{ socketPath: string; paths: string[] }> {
  const paths: string[] = [];
  let isInitialised = false;
  const server = new Server();
  const log = <T>(path: string, run: () => Promise<T>) => {
    paths.push(path);
    return run();
  };
  const Init = async () => {
    if (isInitialised) throw new Error('VSP already initialized with mode: host');
    isInitialised = true;
    return { ip: '10.0.0.1', port: 50151 };
  };
  addUnaryService(server, vendorLifeCycleService, { Init }, log);
  addUnaryService(
    server,
    vendorDeviceService,
    {
      // No Device.ID: the key has it.
      GetDevices: async () => ({ devices: { '0000:01:00.2': { health: 'Healthy' } } }),
      SetNumVfs: async (request) => request,
    },
    log,
  );
  addUnaryService(
    server,
    vendorHeartbeatService,
    { Ping: async () => ({ healthy: true, responderId: 'old', timestamp: '1' }) },
    log,
  );
  const empty = async () => ({});
  addUnaryService(server, networkFunctionService, { CreateNetworkFunction: empty, DeleteNetworkFunction: empty }, log);
  const socketPath = join(await temporaryDirectory(), 'vsp.sock');
  await listen(server, `unix:${socketPath}`);
  return { socketPath, paths };
}

const hasIpv6 = networkInterfaces().lo?.some(({ family }) => family === 'IPv6') ?? false;

test.runIf(hasIpv6)('an address with a zone is dialled with it, and named to the other end without', async () => {
  const server = new Server();
  const Ping = async () => ({ healthy: true, responderId: 'zoned', timestamp: '1' });
  addUnaryService(server, heartbeatService, { Ping });
  const port = await listen(server, '[::1]:0');
  for (const zone of ['%lo', '%25lo']) {
    const client = new VspClient({ address: `[::1${zone}]:${port}`, logger: pino({ level: 'silent' }) });
    onTestFinished(() => client.close());
    const connected = Promise.withResolvers<void>();
    client.onConnectivity((isConnected) => isConnected && connected.resolve());
    await connected.promise;
    expect(await client.ping('host')).toEqual({ healthy: true, responderId: 'zoned' });
  }
});

test('an image that serves only the Vendor names works', async () => {
  const { socketPath, paths } = await oldImage();
  const client = vspClient(socketPath);
  await expect(client.getInfo()).resolves.toBeUndefined();
  await expect(client.init(hostInit)).resolves.toEqual({ ip: '10.0.0.1', port: 50151 });
  await expect(client.init(hostInit)).resolves.toBe('already-initialized');
  await expect(client.getDevices()).resolves.toEqual([{ id: '0000:01:00.2', healthy: true }]);
  await expect(client.setNumVfs(4)).resolves.toBe(4);
  await expect(client.ping('daemon')).resolves.toEqual({ healthy: true, responderId: 'old' });
  const nf = { input: '02:00:00:00:00:01', output: '02:00:00:00:00:02' };
  await client.createNetworkFunction(nf);
  await client.deleteNetworkFunction(nf);
  expect(paths.every((path) => path.startsWith('/Vendor.'))).toBe(true);
});

test('the daemon of the other side is reached by TCP, also by IPv6', async () => {
  const server = new Server();
  addUnaryService(server, heartbeatService, {
    Ping: async ({ senderId }) => ({ healthy: true, responderId: senderId }),
  });
  const port = await listen(server, '[::]:0');
  for (const address of [`127.0.0.1:${port}`, `[::1]:${port}`]) {
    const client = new VspClient({ address, logger: pino({ level: 'silent' }) });
    onTestFinished(() => client.close());
    await expect(client.ping('me')).resolves.toEqual({ healthy: true, responderId: 'me' });
  }
});

test('bridge ports go out with their bare id in both places', async () => {
  const server = new Server();
  const seen: unknown[] = [];
  const unused = () => Promise.reject(new DpuError('UNIMPLEMENTED', 'unused'));
  addUnaryService(server, bridgePortService, {
    CreateBridgePort: async (request) => {
      seen.push([request.bridgePortId, request.bridgePort?.name]);
      return {};
    },
    DeleteBridgePort: async ({ name }) => {
      seen.push(name);
      return {};
    },
    GetBridgePort: unused,
    ListBridgePorts: unused,
    UpdateBridgePort: unused,
  });
  const socketPath = join(await temporaryDirectory(), 'vsp.sock');
  await listen(server, `unix:${socketPath}`);
  const client = vspClient(socketPath);
  const port = {
    name: 'bridgePorts/host0-3',
    macAddress: '02:00:00:00:00:01',
    type: 'ACCESS',
    logicalBridges: ['5'],
  } as const;
  await expect(client.createBridgePort({ ...port, logicalBridges: ['5'] })).resolves.toEqual(port);
  await client.deleteBridgePort(port.name, { allowMissing: true });
  expect(seen).toEqual([['host0-3', 'host0-3'], 'host0-3']);
});

test('what a card has not is told in its words, and does not change under which name the method is called', async () => {
  const server = new Server();
  let isTrunk = true;
  const CreateBridgePort = async () => {
    if (isTrunk) throw new DpuError('UNIMPLEMENTED', 'bridge_port.spec.ptype: this card has no trunks');
    return {};
  };
  const unused = () => Promise.reject(new DpuError('UNIMPLEMENTED', 'unused'));
  const others = { DeleteBridgePort: unused, GetBridgePort: unused, ListBridgePorts: unused, UpdateBridgePort: unused };
  addUnaryService(server, bridgePortService, { CreateBridgePort, ...others });
  const socketPath = join(await temporaryDirectory(), 'vsp.sock');
  await listen(server, `unix:${socketPath}`);
  const client = vspClient(socketPath);
  const port = { name: 'bridgePorts/host0-3', macAddress: '02:00:00:00:00:01', logicalBridges: [] };
  await expect(client.createBridgePort({ ...port, type: 'TRUNK' })).rejects.toMatchObject({
    code: 'UNIMPLEMENTED',
    message: 'bridge_port.spec.ptype: this card has no trunks',
  });
  isTrunk = false;
  await client.createBridgePort({ ...port, type: 'ACCESS' });
});

test('answers under other names count under the name that was asked for', async () => {
  const server = new Server();
  const spec = { macAddress: Buffer.from('020000000001', 'hex'), ptype: 'BRIDGE_PORT_TYPE_ACCESS' } as const;
  const other = { name: 'bridge_port/host0-3', spec };
  addUnaryService(server, bridgePortService, {
    CreateBridgePort: async () => other,
    GetBridgePort: async () => other,
    UpdateBridgePort: async () => other,
    ListBridgePorts: async () => ({ bridgePorts: [other] }),
    DeleteBridgePort: async () => ({}),
  });
  const socketPath = join(await temporaryDirectory(), 'vsp.sock');
  await listen(server, `unix:${socketPath}`);
  const client = vspClient(socketPath);
  const macAddress = '02:00:00:00:00:01';
  const port = { name: 'bridgePorts/host0-3', macAddress, type: 'ACCESS', logicalBridges: [] as string[] } as const;
  await expect(client.createBridgePort(port)).resolves.toEqual(port);
  await expect(client.getBridgePort('host0-3')).resolves.toEqual(port);
  await expect(client.updateBridgePort(port)).resolves.toEqual(port);
  await expect(client.listBridgePorts()).resolves.toEqual([port]);
});

test('what a VSP says of a method under the first name is told, where it has it under neither', async () => {
  const server = new Server();
  const SetNumVfs = () => Promise.reject(new DpuError('UNIMPLEMENTED', 'this card has a fixed number'));
  addUnaryService(server, deviceService, { GetDevices: async () => ({}), SetNumVfs });
  const socketPath = join(await temporaryDirectory(), 'vsp.sock');
  await listen(server, `unix:${socketPath}`);
  const refused = vspClient(socketPath).setNumVfs(2);
  await expect(refused).rejects.toMatchObject({ code: 'UNIMPLEMENTED', message: 'this card has a fixed number' });
});

test('bridge ports and logical bridges are read and changed by the client as well', async () => {
  const client = vspClient((await serve(memoryPlugin({ dataPath: memoryDataPath() }))).socketPath);
  await client.init(hostInit);
  const blue = { name: 'logicalBridges/blue', vlanId: 10, vtepIpPrefix: '10.0.0.1/24', operStatus: 'UP' } as const;
  await expect(client.createLogicalBridge({ ...blue, name: 'blue' })).resolves.toEqual(blue);
  await expect(
    client.updateLogicalBridge({ ...blue, vlanId: 11, vni: 7 }, { updateMask: ['spec.vni'] }),
  ).resolves.toEqual({ ...blue, vni: 7 });
  await expect(client.getLogicalBridge('blue')).resolves.toEqual({ ...blue, vni: 7 });
  await expect(client.listLogicalBridges()).resolves.toEqual([{ ...blue, vni: 7 }]);
  const port = {
    name: 'bridgePorts/host0-3',
    macAddress: '02:00:00:00:00:01',
    type: 'ACCESS' as const,
    logicalBridges: ['blue'],
    operStatus: 'UP' as const,
  };
  await expect(client.updateBridgePort(port)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await expect(client.updateBridgePort(port, { allowMissing: true })).resolves.toEqual(port);
  const trunk = { ...port, type: 'TRUNK', logicalBridges: [] } as const;
  const masked = client.updateBridgePort({ ...trunk, logicalBridges: [] }, { updateMask: ['spec.ptype'] });
  await expect(masked).resolves.toEqual({ ...trunk, logicalBridges: ['blue'] });
  await expect(client.getBridgePort('host0-3')).resolves.toEqual({ ...trunk, logicalBridges: ['blue'] });
  await client.deleteBridgePort('host0-3', { allowMissing: false });
  await client.deleteLogicalBridge('blue', { allowMissing: false });
  await expect(client.getLogicalBridge('blue')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('messages can be sent byte by byte', async () => {
  const { socketPath } = await serve(memoryPlugin());
  const connection = new Connection({ socketPath });
  onTestFinished(() => connection.close());
  await new Promise<void>((resolve) => connection.onConnectivity((connected) => connected && resolve()));
  const init = bytesMethod(lifeCycleService.Init);
  // dpu_identifier, then field 1000 which nobody knows.
  const request = Buffer.from('1206746573742d31c23e0161', 'hex');
  const answer = lifeCycleService.Init.responseDeserialize(await connection.call(init, request, 5_000));
  expect(answer).toEqual({ ip: '127.0.0.1', port: 50151 });
  // A string that ends before its length.
  await expect(connection.call(init, Buffer.from('12ff', 'hex'), 5_000)).rejects.toMatchObject({ code: 'INTERNAL' });
});

describe('connectivity', () => {
  test('comes, goes and comes back by itself', async () => {
    const socketPath = join(await temporaryDirectory(), 'vsp.sock');
    const client = vspClient(socketPath);
    const changes: boolean[] = [];
    client.onConnectivity((connected) => changes.push(connected));
    await expect(client.init(hostInit)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `no answer from ${socketPath}: connect ENOENT ${socketPath}`,
    });
    const first = await serve(memoryPlugin(), { socketPath });
    await vi.waitFor(() => expect(changes).toEqual([true]));
    await client.init(hostInit);
    await first.server.close();
    await vi.waitFor(() => expect(changes).toEqual([true, false]));
    await serve(memoryPlugin(), { socketPath });
    await vi.waitFor(() => expect(changes).toEqual([true, false, true]));
    await expect(client.init(hostInit)).resolves.toMatchObject({ port: 50151 });
  });

  test('is told to those who ask later', async () => {
    const client = vspClient((await serve(memoryPlugin())).socketPath);
    await client.init(hostInit);
    await new Promise<void>((resolve) => client.onConnectivity((connected) => connected && resolve()));
  });
});

test('a script that waits for a VSP goes on until it closes its client', async () => {
  const socketPath = join(await temporaryDirectory(), 'vsp.sock');
  const script = `
    import { VspClient } from ${JSON.stringify(join(import.meta.dirname, 'vsp-client.ts'))};
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const client = new VspClient({ socketPath: ${JSON.stringify(socketPath)}, logger });
    console.log('waits');
    await new Promise((resolve) => client.onConnectivity(resolve));
    client.close();
  `;
  const child = spawn(process.execPath, ['--conditions=source', '--input-type=module', '--eval', script]);
  onTestFinished(() => void child.kill());
  const ended = once(child, 'exit');
  await Promise.race([once(child.stdout, 'data'), ended]);
  await serve(memoryPlugin(), { socketPath });
  await expect(ended).resolves.toEqual([0, null]);
});

test('a call that takes too long ends at its deadline', async () => {
  const plugin = { create: () => new Promise<never>(() => {}) };
  const { socketPath } = await serve(memoryPlugin(), { plugin, drainMs: 0, deadlineMs: 500 });
  await expect(vspClient(socketPath, 50).init(hostInit)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' });
});

describe('watching devices', () => {
  test('sends each change, and ends with UNAVAILABLE when the VSP goes', async () => {
    const [vf0, vf1] = ['vf0', 'vf1'].map((id): Device => ({ id, healthy: true })) as [Device, Device];
    let devices = [vf0, vf1];
    let change = () => {};
    const watchDevices = (onChange: () => void) => {
      change = onChange;
      return () => {};
    };
    let onRead = () => {};
    const getDevices = async () => {
      onRead();
      return devices;
    };
    const { server, socketPath } = await serve(memoryPlugin({ getDevices, watchDevices }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    const seen: Device[][] = [];
    const ended = Promise.withResolvers<DpuError | undefined>();
    client.watchDevices((each) => seen.push(each), ended.resolve);
    await vi.waitFor(() => expect(seen).toEqual([[vf0, vf1]]));
    // Nothing changed, nothing is sent; an order is no change.
    change();
    devices = [vf1, vf0];
    const isRead = Promise.withResolvers<void>();
    onRead = isRead.resolve;
    change();
    await isRead.promise;
    const broken = { ...vf0, healthy: false };
    devices = [broken, vf1];
    change();
    await vi.waitFor(() => expect(seen.slice(1)).toEqual([[broken, vf1]]));
    await server.close();
    await expect(ended.promise).resolves.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('stops when told, here and in the plugin', async () => {
    const stopped = Promise.withResolvers<void>();
    const { socketPath } = await serve(memoryPlugin({ watchDevices: () => stopped.resolve }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    const onEnd = vi.fn();
    const first = Promise.withResolvers<Device[]>();
    const stop = client.watchDevices(first.resolve, onEnd);
    await first.promise;
    stop();
    await stopped.promise;
    expect(onEnd).not.toHaveBeenCalled();
  });

  test('also of a plugin in plain JavaScript that answers no promise', async () => {
    const getDevices = (() => [{ id: 'vf0', healthy: true }]) as unknown as () => Promise<Device[]>;
    const { socketPath } = await serve(memoryPlugin({ getDevices, watchDevices: () => () => {} }));
    const client = vspClient(socketPath);
    await client.init(hostInit);
    const first = Promise.withResolvers<Device[]>();
    client.watchDevices(first.resolve, first.reject);
    await expect(first.promise).resolves.toEqual([{ id: 'vf0', healthy: true }]);
  });

  test('before Init ends with FAILED_PRECONDITION', async () => {
    const { socketPath } = await serve(memoryPlugin({ watchDevices: () => () => {} }));
    const ended = Promise.withResolvers<DpuError | undefined>();
    vspClient(socketPath).watchDevices(() => {}, ended.resolve);
    await expect(ended.promise).resolves.toMatchObject({ code: 'FAILED_PRECONDITION' });
  });

  test('asks a VSP that has no watch', async () => {
    const { socketPath } = await oldImage();
    const client = vspClient(socketPath);
    const first = Promise.withResolvers<Device[]>();
    const stop = client.watchDevices(first.resolve, first.reject);
    await expect(first.promise).resolves.toEqual([{ id: '0000:01:00.2', healthy: true }]);
    stop();
  });
});
