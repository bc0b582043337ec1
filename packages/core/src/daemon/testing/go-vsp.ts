/**
 * A VSP as the images for the Go operator are: no list of bridge ports, no watch of devices, no identity, no heartbeat,
 * no chains, and an error for a second Init.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  bridgePortServiceDefinition,
  networkFunctionServiceDefinition,
  vendorDeviceServiceDefinition,
  vendorLifeCycleServiceDefinition,
} from '@dpu-operator/sdk/client';
import { addUnaryService } from '@dpu-operator/sdk/wire';
import { Server, ServerCredentials } from '@grpc/grpc-js';

const refuse = async () => {
  throw Object.assign(new Error('method not implemented'), { code: 12 });
};

export class GoVsp {
  /** By name, their MAC addresses. */
  readonly ports = new Map<string, string>();
  readonly functions = new Set<string>();
  inits = 0;
  readonly #address: { ip: string; port: number };
  readonly #server = new Server();

  constructor(port: number) {
    this.#address = { ip: '127.0.0.1', port };
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
      GetDevices: async () => ({ devices: { 'go-vf0': { ID: 'go-vf0', health: 'Healthy' } } }),
      SetNumVfs: refuse,
    });
    addUnaryService(this.#server, bridgePortServiceDefinition, {
      CreateBridgePort: async ({ bridgePort }) => {
        const mac = Buffer.from(bridgePort?.spec?.macAddress ?? []).toString('hex');
        this.ports.set(bridgePort?.name ?? '', mac);
        return {};
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
