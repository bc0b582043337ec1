import { existsSync, mkdirSync, mkdtempSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BridgePort,
  type Device,
  DpuError,
  definePlugin,
  type NetworkFunction,
  parsePluginManifest,
} from '@dpu-operator/sdk';
import { type PluginServer, servePlugin } from '@dpu-operator/sdk/host';
import { pino } from 'pino';
import { afterEach, expect, test, vi } from 'vitest';
import type { DpuSide } from '../detect/rules.ts';
import { DevicePool } from '../device-plugin/pool.ts';
import { DpuManager } from './dpu-manager.ts';

const logger = pino({ level: 'silent' });
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const root = () => mkdtempSync(join(tmpdir(), 'dpu-'));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

const manifest = parsePluginManifest({
  dpu: {
    contract: '^1.0.0',
    products: [{ name: 'Test DPU', host: { detect: { nodeLabel: { key: 'a', values: ['b'] } }, identifier: 'test' } }],
  },
});

/** A VSP in this process, with what it was told. */
class Vsp {
  readonly ports = new Map<string, BridgePort>();
  readonly functions: NetworkFunction[] = [];
  readonly forgotten: NetworkFunction[] = [];
  numVfs = 2;
  inits = 0;
  initFailure: DpuError | undefined;
  unhealthy = false;
  changed = () => {};
  readonly #address: { ip: string; port: number };
  #server: PluginServer | undefined;

  constructor(port: number) {
    this.#address = { ip: '127.0.0.1', port };
  }

  async start(directory: string): Promise<void> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#server = await servePlugin({
      plugin: definePlugin<unknown>({ create: () => this.#plugin() }),
      manifest,
      socketPath: join(directory, 'vendor-plugin.sock'),
      settings: {},
      node: { name: 'node-1', ip: '127.0.0.1' },
      logger,
    });
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  #plugin() {
    const devices = (): Device[] =>
      Array.from({ length: this.numVfs }, (_, i) => ({ id: `vf${i}`, healthy: !this.unhealthy }));
    return {
      init: async () => {
        this.inits += 1;
        if (this.initFailure) throw this.initFailure;
        return this.#address;
      },
      getDevices: async () => devices(),
      setNumVfs: async (count: number) => {
        if (count > 8) throw new DpuError('OUT_OF_RANGE', 'this card has 8 at most');
        this.numVfs = count;
        return count;
      },
      watchDevices: (onChange: () => void) => {
        this.changed = onChange;
        return () => {};
      },
      bridge: {
        createBridgePort: async (port: BridgePort) => {
          this.ports.set(port.name, port);
          return port;
        },
        updateBridgePort: async (port: BridgePort) => port,
        deleteBridgePort: async (name: string) => void this.ports.delete(name),
        listBridgePorts: async () => [...this.ports.values()],
        createLogicalBridge: async () => Promise.reject(new DpuError('UNIMPLEMENTED', 'none')),
        updateLogicalBridge: async () => Promise.reject(new DpuError('UNIMPLEMENTED', 'none')),
        deleteLogicalBridge: async () => {},
        listLogicalBridges: async () => [],
      },
      networkFunctions: {
        createNetworkFunction: async (nf: NetworkFunction) => void this.functions.push(nf),
        deleteNetworkFunction: async (nf: NetworkFunction) => void this.forgotten.push(nf),
      },
    };
  }
}

interface Attachments {
  ports: BridgePort[];
  functions: NetworkFunction[];
}

function manage(side: DpuSide, directory: string, attachments: Attachments = { ports: [], functions: [] }) {
  const pool = new DevicePool();
  const manager = new DpuManager({
    dpu: { name: `test-${side}`, identifier: 'test', productName: 'Test DPU', side, plugin: 'test' },
    nodeName: 'node-1',
    directories: { vsp: join(directory, 'vsp'), state: join(directory, `state-${side}`) },
    pool,
    attachments: { bridgePorts: () => attachments.ports, networkFunctions: () => attachments.functions },
    platform: { vfPosition: async () => undefined },
    onChange: () => {},
    logger,
    heartbeatMs: 100,
  });
  cleanups.push(() => manager.close());
  const says = (reason: string) => vi.waitFor(() => expect(manager.ready?.reason).toBe(reason), 5_000);
  const devices = () => pool.list().map(({ id, healthy }) => (healthy ? id : `${id}!`));
  return { manager, pool, says, devices };
}

async function startVsp(directory: string, port?: number): Promise<Vsp> {
  const vsp = new Vsp(port ?? (await freePort()));
  await vsp.start(join(directory, 'vsp'));
  cleanups.push(() => vsp.stop());
  return vsp;
}

const mac = (last: number) => `02:00:00:00:00:0${last}`;
const port = (index: number): BridgePort => ({
  name: `host0-${index}`,
  macAddress: mac(index),
  type: 'ACCESS',
  logicalBridges: [`${index + 2}`],
});

test('waits for the VSP, in a directory that only root can enter', async () => {
  const directory = root();
  const { manager, says, devices } = manage('dpu', directory);
  expect(manager.ready).toMatchObject({ status: 'False', reason: 'VspNotRunning' });
  expect(statSync(join(directory, 'vsp')).mode & 0o777).toBe(0o700);
  await startVsp(directory);
  await says('Ready');
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1']));
  expect(manager.position('vf1')).toEqual({ pf: 0, vf: 1 });
});

test('a change of the devices reaches the pool', async () => {
  const directory = root();
  const vsp = await startVsp(directory);
  const { manager, says, devices } = manage('dpu', directory);
  await says('Ready');
  vsp.unhealthy = true;
  vsp.changed();
  await vi.waitFor(() => expect(devices()).toEqual(['vf0!', 'vf1!']));
  expect(manager.ready?.message).toBe('2 devices, of which 2 unhealthy');
});

test('a VSP that starts anew is told everything again', async () => {
  const directory = root();
  const first = await startVsp(directory);
  const attachments: Attachments = { ports: [], functions: [{ input: mac(1), output: mac(2) }] };
  const { manager, says } = manage('dpu', directory, attachments);
  await says('Ready');
  await first.stop();
  await says('VspNotRunning');
  const refused = manager.createNetworkFunction({ input: mac(3), output: mac(4) });
  await expect(refused).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await manager.deleteNetworkFunction({ input: mac(5), output: mac(6) });
  const second = await startVsp(directory);
  await says('Ready');
  expect(second.functions).toEqual([{ input: mac(1), output: mac(2) }]);
  expect(second.forgotten).toEqual([{ input: mac(5), output: mac(6) }]);
});

test('bridge ports go from the host to the VSP of the DPU side, and back to it when it starts anew', async () => {
  const [hostDirectory, dpuDirectory, channel] = [root(), root(), await freePort()];
  await startVsp(hostDirectory, channel);
  const attachments: Attachments = { ports: [], functions: [] };
  const host = manage('host', hostDirectory, attachments);
  await host.says('PeerUnreachable');
  await expect(host.manager.createBridgePort(port(0))).rejects.toMatchObject({ code: 'UNAVAILABLE' });

  const dpuVsp = await startVsp(dpuDirectory, channel);
  const dpu = manage('dpu', dpuDirectory);
  await dpu.says('Ready');
  await host.says('Ready');
  attachments.ports.push(port(1), port(2));
  await host.manager.createBridgePort(port(1));
  await host.manager.createBridgePort(port(2));
  expect([...dpuVsp.ports.keys()]).toEqual(['bridgePorts/host0-1', 'bridgePorts/host0-2']);

  await dpuVsp.stop();
  await host.says('PeerNotReady');
  attachments.ports.pop();
  await host.manager.deleteBridgePort('host0-2');
  const anew = await startVsp(dpuDirectory, channel);
  await host.says('Ready');
  expect([...anew.ports.keys()]).toEqual(['bridgePorts/host0-1']);
});

test('an Init that fails is said and tried again', async () => {
  const directory = root();
  const vsp = new Vsp(await freePort());
  vsp.initFailure = new DpuError('FAILED_PRECONDITION', 'the firmware is too old');
  await vsp.start(join(directory, 'vsp'));
  cleanups.push(() => vsp.stop());
  const { manager, says } = manage('dpu', directory);
  await says('InitFailed');
  expect(manager.ready?.message).toContain('the firmware is too old');
  vsp.initFailure = undefined;
  await says('Ready');
});

test('the number of virtual functions is set and a refusal is said', async () => {
  const [directory, channel] = [root(), await freePort()];
  const vsp = await startVsp(directory, channel);
  const dpuDirectory = root();
  await startVsp(dpuDirectory, channel);
  await manage('dpu', dpuDirectory).says('Ready');
  const { manager, says, devices } = manage('host', directory);
  manager.setNumVfs(4);
  await says('Ready');
  expect(vsp.numVfs).toBe(4);
  manager.setNumVfs(9);
  await says('NumVfsRefused');
  expect(manager.ready?.message).toContain('this card has 8 at most');
  manager.setNumVfs(3);
  await says('Ready');
  vsp.changed();
  await vi.waitFor(() => expect(devices()).toEqual(['vf0', 'vf1', 'vf2']));
});

test('tearing down takes the virtual functions, the devices and the files away', async () => {
  const directory = root();
  const vsp = await startVsp(directory);
  const { manager, says, devices } = manage('dpu', directory);
  await says('Ready');
  await manager.tearDown();
  expect(vsp.numVfs).toBe(0);
  expect(devices()).toEqual([]);
  expect(existsSync(join(directory, 'vsp')) || existsSync(join(directory, 'state-dpu'))).toBe(false);
});
