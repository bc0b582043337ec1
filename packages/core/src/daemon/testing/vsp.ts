/** A VSP of the SDK's plugin host, in the test's own process. */
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  applyEach,
  type BridgePort,
  type Change,
  type Device,
  type DeviceAllocation,
  DpuError,
  definePlugin,
  type NetworkFunction,
  type Outcome,
  type Plugin,
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
  /** How far the card is with a port that it was told of. */
  portOutcome: (name: string, wanted: boolean) => Outcome | undefined = () => undefined;
  /** Of each apply in order: whether the replay was complete. */
  readonly completes: boolean[] = [];
  numVfs = 2;
  /** Creations of the plugin: Inits that the host did not answer itself. */
  inits = 0;
  initFailure: DpuError | undefined;
  unhealthy = false;
  /** What it says of each device beside its id and health. */
  details: (vf: number) => Partial<Device> = () => ({});
  /** Whether it announces that it adds to what containers get, when it starts. */
  allocate: ((ids: string[]) => Promise<DeviceAllocation>) | undefined;
  /** What it was told of acceleration, in order. Set before it starts: it announces that it is to be told. */
  accelerated: boolean[] | undefined;
  heartbeat = async () => true;
  readonly numVfsAsked: number[] = [];
  numVfsDelay: Promise<void> | undefined;
  numVfsRefusal: DpuError | undefined;
  changed = () => {};
  /** Takes what it says of its card; there since its first Init. */
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
          this.inits += 1;
          if (this.initFailure) throw this.initFailure;
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

  #plugin(): Plugin {
    const devices = (): Device[] =>
      Array.from({ length: this.numVfs }, (_, i) => ({
        id: `vf${i}`,
        healthy: !this.unhealthy,
        ...this.details(i),
      }));
    return {
      address: this.address,
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
      ...(this.allocate && { allocate: this.allocate }),
      ...(this.accelerated && {
        networkConfig: {
          setNetworkConfig: async ({ isAccelerated }: { isAccelerated: boolean }) => {
            this.accelerated?.push(isAccelerated);
          },
        },
      }),
      dataPath: {
        serves: this.hasChains ? ['bridge', 'networkFunctions', 'chains'] : ['bridge', 'networkFunctions'],
        apply: (_wanted, call) => {
          this.completes.push(call.complete);
          return applyEach(call, (change) => this.#change(change));
        },
      },
    };
  }

  async #change(change: Change): Promise<Outcome | undefined> {
    const { kind, name, before, after } = change;
    // All that is wanted is told once more when the replay is complete.
    if (isDeepStrictEqual(before, after) && after) return undefined;
    if (kind === 'bridgePort') {
      if (!after) this.ports.delete(name);
      else {
        this.told.push('port');
        this.ports.set(name, after);
      }
      return this.portOutcome(name, after !== undefined);
    }
    if (kind === 'networkFunction') {
      if (after) this.functions.push(after);
      else if (before) this.forgotten.push(before);
    }
    if (kind === 'serviceChain') this.#changeChain(name, before, after);
    return undefined;
  }

  #changeChain(name: string, before: ServiceChain | undefined, after: ServiceChain | undefined): void {
    if (!after) {
      this.told.push('delete');
      this.chains.delete(name);
      return;
    }
    this.told.push(before ? 'update' : 'create');
    if (this.chainRefusal) throw this.chainRefusal;
    this.chains.set(name, after.networkFunctions);
  }
}
