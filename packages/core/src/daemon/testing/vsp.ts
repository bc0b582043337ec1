/** A VSP of the SDK's plugin host, in the test's own process. */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type BridgePort,
  type Device,
  type DeviceAllocation,
  DpuError,
  definePlugin,
  type NetworkFunction,
  type ServiceChain,
  type StatusReporter,
} from '@dpu-operator/sdk';
import { type PluginServer, servePlugin } from '@dpu-operator/sdk/host';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { pino } from 'pino';

const logger = pino({ level: 'silent' });

/** A TCP port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
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
export class Vsp {
  readonly ports = new Map<string, BridgePort>();
  readonly functions: NetworkFunction[] = [];
  readonly forgotten: NetworkFunction[] = [];
  /** Whether it announces ordered chains when it starts. */
  hasChains = false;
  readonly chains = new Map<string, NetworkFunction[]>();
  /** What it was told of chains and hosts' ports, in order: `create`, `update`, `delete`, `port`. */
  readonly told: string[] = [];
  chainRefusal: DpuError | undefined;
  numVfs = 2;
  inits = 0;
  initFailure: DpuError | undefined;
  unhealthy = false;
  /** What it says of each device beside its id and health. */
  details: (vf: number) => Partial<Device> = () => ({});
  /** Whether it announces that it adds to what containers get, when it starts. */
  allocate: ((ids: string[]) => Promise<DeviceAllocation>) | undefined;
  heartbeat = async () => true;
  readonly numVfsAsked: number[] = [];
  numVfsDelay: Promise<void> | undefined;
  numVfsRefusal: DpuError | undefined;
  changed = () => {};
  /** Takes what it says of its card; there since its start. */
  card: StatusReporter | undefined;
  readonly address: { ip: string; port: number };
  #server: PluginServer | undefined;

  constructor(port: number) {
    this.address = { ip: '127.0.0.1', port };
  }

  async start(directory: string): Promise<void> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#server = await servePlugin({
      plugin: definePlugin<unknown>({
        create: ({ status }) => {
          this.card = status;
          return this.#plugin();
        },
      }),
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
      Array.from({ length: this.numVfs }, (_, i) => ({
        id: `vf${i}`,
        healthy: !this.unhealthy,
        ...this.details(i),
      }));
    return {
      init: async () => {
        this.inits += 1;
        if (this.initFailure) throw this.initFailure;
        return this.address;
      },
      getDevices: async () => devices(),
      healthy: () => this.heartbeat(),
      setNumVfs: async (count: number) => {
        this.numVfsAsked.push(count);
        await this.numVfsDelay;
        if (this.numVfsRefusal) throw this.numVfsRefusal;
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
          this.told.push('port');
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
      ...(this.allocate && { allocate: this.allocate }),
      ...(this.hasChains && { chains: this.#chainContract() }),
    };
  }

  #chainContract() {
    const take = (call: string, chain: ServiceChain) => {
      this.told.push(call);
      if (this.chainRefusal) throw this.chainRefusal;
      this.chains.set(chain.name, chain.networkFunctions);
      return chain;
    };
    return {
      createChain: async (chain: ServiceChain) => {
        const known = this.chains.get(chain.name);
        if (known && !isDeepStrictEqual(known, chain.networkFunctions)) {
          throw new DpuError('ALREADY_EXISTS', `${chain.name} exists`);
        }
        return take('create', chain);
      },
      updateChain: async (chain: ServiceChain) => {
        if (!this.chains.has(chain.name)) throw new DpuError('NOT_FOUND', `${chain.name} does not exist`);
        return take('update', chain);
      },
      deleteChain: async (name: string) => {
        this.told.push('delete');
        if (!this.chains.delete(name)) throw new DpuError('NOT_FOUND', `${name} does not exist`);
      },
      listChains: async () => [...this.chains].map(([name, networkFunctions]) => ({ name, networkFunctions })),
    };
  }
}
