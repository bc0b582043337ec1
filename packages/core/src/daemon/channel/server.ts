/** The DPU side's end of the channel: what daemons of hosts may ask, as the Go operator's daemon serves it too. */
import { DpuError, type IpPort } from '@dpu-operator/sdk';
import {
  bridgePortFromWire,
  bridgePortServiceDefinition,
  bridgePortToWire,
  heartbeatServiceDefinition,
  vendorHeartbeatServiceDefinition,
} from '@dpu-operator/sdk/client';
import { addUnaryService } from '@dpu-operator/sdk/wire';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { BridgePortKeeper } from './bridge-port-keeper.ts';
import { grpcAddress, parseEndpoint } from './endpoint.ts';

export interface ChannelServerOptions {
  bridgePorts: BridgePortKeeper;
  /** Whether the DPU's data path works: what the heartbeat answers. */
  healthy: () => Promise<boolean>;
  /** This node, for the logs of hosts. */
  responderId: string;
  logger: Logger;
}

/**
 * Listens where the VSP says.
 *
 * @throws DpuError INVALID_ARGUMENT for an address that is none, UNAVAILABLE when it cannot be bound
 */
export async function serveChannel(
  ipPort: IpPort,
  options: ChannelServerOptions,
): Promise<{ address: string; close(): void }> {
  const endpoint = parseEndpoint(ipPort);
  const server = new Server();
  addServices(server, options);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(grpcAddress(endpoint), ServerCredentials.createInsecure(), (error, bound) => {
      if (!error) resolve(bound);
      else reject(new DpuError('UNAVAILABLE', `cannot listen for hosts on ${grpcAddress(endpoint)}: ${error.message}`));
    });
  });
  const address = grpcAddress({ host: endpoint.host, port });
  options.logger.info({ address }, 'listening for hosts');
  return { address, close: () => server.forceShutdown() };
}

function addServices(server: Server, { bridgePorts, healthy, responderId }: ChannelServerOptions): void {
  addUnaryService(server, bridgePortServiceDefinition, {
    CreateBridgePort: async ({ bridgePort, bridgePortId }) => {
      if (!bridgePort) throw new DpuError('INVALID_ARGUMENT', 'bridge_port is missing');
      const named = { ...bridgePort, name: bridgePort.name || bridgePortId };
      return bridgePortToWire(await bridgePorts.create(bridgePortFromWire(named)));
    },
    DeleteBridgePort: async ({ name, allowMissing }) => {
      await bridgePorts.delete(name, { allowMissing });
      return {};
    },
    GetBridgePort: async ({ name }) => {
      const port = bridgePorts.get(name);
      if (!port) throw new DpuError('NOT_FOUND', `bridge port ${name} does not exist`);
      return bridgePortToWire(port);
    },
    // A card has at most a few hundred ports: always one page.
    ListBridgePorts: async () => ({ bridgePorts: bridgePorts.list().map(bridgePortToWire) }),
    UpdateBridgePort: async () => {
      throw new DpuError('UNIMPLEMENTED', 'bridge ports of hosts are not updated: delete and create them');
    },
  });
  const now = () => String(BigInt(Date.now()) * 1_000_000n);
  const Ping = async () => ({ timestamp: now(), responderId, healthy: await healthy() });
  addUnaryService(server, heartbeatServiceDefinition, { Ping });
  addUnaryService(server, vendorHeartbeatServiceDefinition, { Ping });
}
