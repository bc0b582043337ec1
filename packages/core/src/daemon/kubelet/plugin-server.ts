/** The DevicePlugin service on its unix socket in the kubelet's directory. */
import { rmSync } from 'node:fs';
import { DpuError, errorCodes } from '@dpu-operator/sdk';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { Allocator } from './allocator.ts';
import {
  type AllocateRequest,
  type AllocateResponse,
  type DevicePluginOptions,
  devicePluginService,
  type KubeletDevice,
  type ListAndWatchResponse,
  type PreferredAllocationRequest,
  type PreferredAllocationResponse,
} from './device-plugin-api.ts';
import type { PooledDevice, ResourceDevices } from './pool.ts';
import { preferDevices } from './preferred.ts';

export const pluginOptions: DevicePluginOptions = {
  pre_start_required: false,
  get_preferred_allocation_available: true,
};

export interface PluginServerOptions {
  socketPath: string;
  pool: ResourceDevices;
  allocator: Allocator;
  /** The last watch of the devices has ended. Not called once the server is closed. */
  onUnwatched: () => void;
  logger: Logger;
}

export class PluginServer {
  readonly #options: PluginServerOptions;
  readonly #server = new Server();
  #watches = 0;
  #closed = false;

  constructor(options: PluginServerOptions) {
    this.#options = options;
    this.#server.addService(devicePluginService, this.#handlers());
  }

  /** @throws DpuError UNAVAILABLE when the socket cannot be bound */
  async listen(): Promise<void> {
    const { socketPath } = this.#options;
    // What a killed daemon left behind; nobody else listens under this name.
    rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.bindAsync(`unix:${socketPath}`, ServerCredentials.createInsecure(), (error) => {
        if (error) reject(new DpuError('UNAVAILABLE', `cannot listen on ${socketPath}: ${error.message}`));
        else resolve();
      });
    });
  }

  /** Whether the kubelet has a watch of the devices open now. */
  get watched(): boolean {
    return this.#watches > 0;
  }

  /** Also removes the socket's path. */
  close(): void {
    this.#closed = true;
    this.#server.forceShutdown();
  }

  #handlers(): UntypedServiceImplementation {
    const { pool, allocator } = this.#options;
    return {
      GetDevicePluginOptions: unary(() => pluginOptions),
      ListAndWatch: (call: ServerWritableStream<unknown, ListAndWatchResponse>) => this.#watch(call),
      GetPreferredAllocation: unary(
        (request: PreferredAllocationRequest): PreferredAllocationResponse => ({
          container_responses: request.container_requests.map((container) => ({
            deviceIDs: preferDevices(pool.list(), {
              available: container.available_deviceIDs,
              mustInclude: container.must_include_deviceIDs,
              size: container.allocation_size,
            }),
          })),
        }),
      ),
      Allocate: unary(
        async (request: AllocateRequest): Promise<AllocateResponse> => ({
          container_responses: await Promise.all(
            request.container_requests.map(({ devices_ids: ids }) => allocator.allocate(ids)),
          ),
        }),
      ),
      PreStartContainer: unary(() => ({})),
    };
  }

  #watch(call: ServerWritableStream<unknown, ListAndWatchResponse>): void {
    const { pool, onUnwatched, logger } = this.#options;
    const push = () => call.write({ devices: pool.list().map(toKubelet) });
    const unsubscribe = pool.onChange(push);
    this.#watches += 1;
    // The kubelet cancels, dies or closes the connection: all of them look like this.
    call.once('cancelled', () => {
      unsubscribe();
      call.end();
      this.#watches -= 1;
      if (!this.watched && !this.#closed) onUnwatched();
    });
    push();
    logger.info({ devices: pool.list().length }, 'the kubelet watches the devices');
  }
}

function toKubelet({ id, healthy, numaNode }: PooledDevice): KubeletDevice {
  const device: KubeletDevice = { ID: id, health: healthy ? 'Healthy' : 'Unhealthy' };
  return numaNode === undefined ? device : { ...device, topology: { nodes: [{ ID: numaNode }] } };
}

function unary<Request, Response>(answer: (request: Request) => Response | Promise<Response>) {
  return (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): void => {
    const answered = (async () => answer(call.request))();
    answered.then(
      (response) => done(null, response),
      (thrown) => {
        const { code, message } = DpuError.from(thrown);
        done({ code: errorCodes[code], details: message });
      },
    );
  };
}
