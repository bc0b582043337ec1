/** The DPU side's end of the channel: what daemons of hosts may ask, as the Go operator's daemon serves it too. */
import { DpuError, type IpPort } from '@dpu-operator/sdk';
import {
  bridgePortFromWire,
  bridgePortServiceDefinition,
  bridgePortToWire,
  heartbeatServiceDefinition,
  vendorHeartbeatServiceDefinition,
} from '@dpu-operator/sdk/client';
import { addUnaryService, type UnaryCall } from '@dpu-operator/sdk/wire';
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import type { Logger } from 'pino';
import type { HostPorts } from '../datapath/host-ports.ts';
import { grpcAddress, parseEndpoint } from './endpoint.ts';
import type { KnownHosts } from './known-hosts.ts';
import { ownerFrom, ownerHeader } from './owner.ts';

export interface ChannelServerOptions {
  hostPorts: HostPorts;
  knownHosts: Pick<KnownHosts, 'heard'>;
  /** Whether the DPU's data path works: what the heartbeat answers. */
  vsp: { readonly healthy: boolean };
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

/** Each host sees its own ports, under the names that it gave them. */
function addServices(server: Server, { hostPorts, knownHosts, vsp, responderId }: ChannelServerOptions): void {
  const caller = ({ metadata }: UnaryCall): string => {
    const owner = ownerFrom(metadata);
    knownHosts.heard(owner);
    return owner;
  };
  addUnaryService(server, bridgePortServiceDefinition, {
    CreateBridgePort: async ({ bridgePort, bridgePortId }, call) => {
      if (!bridgePort) throw new DpuError('INVALID_ARGUMENT', 'bridge_port is missing');
      const named = { ...bridgePort, name: bridgePort.name || bridgePortId };
      return bridgePortToWire(await hostPorts.create(caller(call), bridgePortFromWire(named)));
    },
    DeleteBridgePort: async ({ name, allowMissing }, call) => {
      await hostPorts.delete(caller(call), name, { allowMissing });
      return {};
    },
    GetBridgePort: async ({ name }, call) => {
      const port = hostPorts.get(caller(call), name);
      if (!port) throw new DpuError('NOT_FOUND', `bridge port ${name} does not exist`);
      return bridgePortToWire(port);
    },
    // A card has at most a few hundred ports: always one page.
    ListBridgePorts: async (_request, call) => ({ bridgePorts: hostPorts.list(caller(call)).map(bridgePortToWire) }),
    UpdateBridgePort: async () => {
      throw new DpuError('UNIMPLEMENTED', 'bridge ports of hosts are not updated: delete and create them');
    },
  });
  const Ping = async (_request: unknown, call: UnaryCall) => {
    const metadata = new Metadata();
    metadata.set(ownerHeader, caller(call));
    call.sendMetadata(metadata);
    return { timestamp: String(BigInt(Date.now()) * 1_000_000n), responderId, healthy: vsp.healthy };
  };
  addUnaryService(server, heartbeatServiceDefinition, { Ping });
  addUnaryService(server, vendorHeartbeatServiceDefinition, { Ping });
}
