/**
 * A VSP as the images for the Go operator are: no list of bridge ports, no watch of devices, no identity, no heartbeat,
 * no chains, and an error for a second Init.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DpuError } from '@dpu-operator/sdk';
import {
  bridgePortServiceDefinition,
  networkFunctionServiceDefinition,
  vendorDeviceServiceDefinition,
  vendorLifeCycleServiceDefinition,
} from '@dpu-operator/sdk/client';
import { addUnaryService } from '@dpu-operator/sdk/wire';
import { Server, ServerCredentials } from '@grpc/grpc-js';

const refuse = async () => {
  throw new DpuError('UNIMPLEMENTED', 'method not implemented');
};

const deviceOf = (id: string) => [id, { ID: id, health: 'Healthy' }] as const;

export class GoVsp {
  /** By name, their MAC addresses. */
  readonly ports = new Map<string, string>();
  readonly functions = new Set<string>();
  inits = 0;
  /** The numbers that it was told. */
  readonly numVfs: number[] = [];
  readonly #isFilledLater: boolean;
  #devices: Record<string, { ID: string; health: string }>;
  readonly #address: { ip: string; port: number };
  readonly #server = new Server();

  /** @param isFilledLater It has no devices before it is told how many. */
  constructor(port: number, { isFilledLater = false } = {}) {
    this.#address = { ip: '127.0.0.1', port };
    this.#isFilledLater = isFilledLater;
    this.#devices = Object.fromEntries(isFilledLater ? [] : [deviceOf('go-vf0')]);
  }

  async start(directory: string): Promise<void> {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const socket = join(directory, 'vendor-plugin.sock');
    rmSync(socket, { force: true });
    this.#serve();
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${socket}`, ServerCredentials.createInsecure(), (error) =>
        error ? reject(error) : resolve(),
      );
    });
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  #serve(): void {
    addUnaryService(this.#server, vendorLifeCycleServiceDefinition, {
      Init: async () => {
        this.inits += 1;
        if (this.inits > 1) throw new Error('VSP already initialized with mode: dpu');
        return this.#address;
      },
    });
    addUnaryService(this.#server, vendorDeviceServiceDefinition, {
      GetDevices: async () => ({ devices: this.#devices }),
      SetNumVfs: async ({ vfCnt }) => {
        if (!this.#isFilledLater) return refuse();
        this.numVfs.push(vfCnt);
        this.#devices = Object.fromEntries(Array.from({ length: vfCnt }, (_, vf) => deviceOf(`go-vf${vf}`)));
        return { vfCnt };
      },
    });
    addUnaryService(this.#server, bridgePortServiceDefinition, {
      CreateBridgePort: async ({ bridgePort }) => {
        const mac = Buffer.from(bridgePort?.spec?.macAddress ?? []).toString('hex');
        this.ports.set(bridgePort?.name ?? '', mac);
        return { name: `bridge_port/${bridgePort?.name}`, spec: bridgePort?.spec ?? null };
      },
      DeleteBridgePort: async ({ name }) => {
        this.ports.delete(name);
        return {};
      },
      GetBridgePort: refuse,
      ListBridgePorts: refuse,
      UpdateBridgePort: refuse,
    });
    addUnaryService(this.#server, networkFunctionServiceDefinition, {
      CreateNetworkFunction: async ({ input, output }) => {
        this.functions.add(`${input} ${output}`);
        return {};
      },
      DeleteNetworkFunction: async ({ input, output }) => {
        this.functions.delete(`${input} ${output}`);
        return {};
      },
    });
  }
}
