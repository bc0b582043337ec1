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
import type { DevicePool, PooledDevice } from './pool.ts';
import { preferDevices } from './preferred.ts';
import {
  type AllocateRequest,
  type AllocateResponse,
  type DevicePluginOptions,
  devicePluginService,
  type KubeletDevice,
  type ListAndWatchResponse,
  type PreferredAllocationRequest,
  type PreferredAllocationResponse,
} from './protocol.ts';

export const pluginOptions: DevicePluginOptions = {
  pre_start_required: false,
  get_preferred_allocation_available: true,
};

/** Environment variable of a container: its devices, separated by commas. */
const devicesVariable = 'DPU_DEVICES';

/**
 * Serves the pool until closed.
 *
 * @throws DpuError UNAVAILABLE when the socket cannot be bound
 */
export async function servePool(options: {
  socketPath: string;
  pool: DevicePool;
  logger: Logger;
}): Promise<{ close(): void }> {
  const server = new Server();
  server.addService(devicePluginService, handlers(options.pool, options.logger));
  // What a killed daemon left behind; nobody else listens under this name.
  rmSync(options.socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${options.socketPath}`, ServerCredentials.createInsecure(), (error) => {
      if (error) reject(new DpuError('UNAVAILABLE', `cannot listen on ${options.socketPath}: ${error.message}`));
      else resolve();
    });
  });
  return { close: () => server.forceShutdown() };
}

function handlers(pool: DevicePool, logger: Logger): UntypedServiceImplementation {
  return {
    GetDevicePluginOptions: unary(() => pluginOptions),
    ListAndWatch: (call: ServerWritableStream<unknown, ListAndWatchResponse>) => {
      const push = () => call.write({ devices: pool.list().map(toKubelet) });
      const unsubscribe = pool.onChange(push);
      call.on('cancelled', () => {
        unsubscribe();
        call.end();
      });
      push();
      logger.info({ devices: pool.list().length }, 'the kubelet watches the devices');
    },
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
      (request: AllocateRequest): AllocateResponse => ({
        container_responses: request.container_requests.map(({ devices_ids: ids }) => {
          for (const id of ids) assertUsable(pool, id);
          return { envs: { [devicesVariable]: ids.join(',') } };
        }),
      }),
    ),
    PreStartContainer: unary(() => ({})),
  };
}

function assertUsable(pool: DevicePool, id: string): void {
  const device = pool.get(id);
  if (!device) throw new DpuError('INVALID_ARGUMENT', `no DPU of this node has a device ${id}: delete the pod`);
  if (device.healthy) return;
  const hint = `see the conditions of dpu ${device.dpuName}`;
  throw new DpuError('FAILED_PRECONDITION', `device ${id} is unhealthy: ${hint}`);
}

function toKubelet({ id, healthy, numaNode }: PooledDevice): KubeletDevice {
  const device: KubeletDevice = { ID: id, health: healthy ? 'Healthy' : 'Unhealthy' };
  return numaNode === undefined ? device : { ...device, topology: { nodes: [{ ID: numaNode }] } };
}

/** A synchronous answer as a gRPC handler. */
function unary<Request, Response>(answer: (request: Request) => Response) {
  return (call: ServerUnaryCall<Request, Response>, done: sendUnaryData<Response>): void => {
    try {
      done(null, answer(call.request));
    } catch (thrown) {
      const { code, message } = DpuError.from(thrown);
      done({ code: errorCodes[code], details: message });
    }
  };
}
