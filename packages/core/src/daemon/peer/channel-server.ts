/** The DPU side's end of the channel: what daemons of hosts may ask, as the Go operator's daemon serves it too. */
import { createServer } from 'node:net';
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
import type { HostPorts } from '../datapath/host-ports/host-ports.ts';
import type { ChannelEnd } from '../trust/channel-end.ts';
import { grpcAddress, parseEndpoint } from './endpoint.ts';
import { Gate } from './gate.ts';
import type { KnownHosts } from './known-hosts.ts';
import { leavingHeader, oneBridgeHeader, ownerFrom, ownerHeader } from './owner.ts';

export interface ChannelServerOptions {
  /** How the channel is secured, and whom it takes. */
  end: Pick<ChannelEnd, 'security' | 'credentials' | 'verify' | 'on' | 'off'>;
  hostPorts: HostPorts;
  knownHosts: Pick<KnownHosts, 'heard'>;
  /** Whether the DPU's data path works: what the heartbeat answers. */
  vsp: { readonly healthy: boolean };
  /** Whether this DPU is to go, so that hosts are to send no new pods here. */
  isLeaving: () => boolean;
  /** Whether the VSP serves no logical bridges. */
  hasOneBridge: () => boolean;
  /** Called when the hosts that are connected, or why one was refused, have changed. */
  onCallers: () => void;
  /** This node, for the logs of hosts. */
  responderId: string;
  logger: Logger;
}

/** Requests have some hundred bytes. */
const longestMessage = 64 * 1024;
/** Calls of one host at a time: as many as it starts, with heartbeats and room. */
const mostCalls = 64;

export interface ServedChannel {
  address: string;
  gate: Pick<Gate, 'hosts' | 'callers' | 'refusal'>;
  close(): void;
}

/**
 * Listens where the VSP says.
 *
 * @throws DpuError INVALID_ARGUMENT for an address that is none, UNAVAILABLE when it cannot be bound
 */
export async function serveChannel(ipPort: IpPort, options: ChannelServerOptions): Promise<ServedChannel> {
  const { end, hostPorts, onCallers, logger } = options;
  const endpoint = parseEndpoint(ipPort);
  const grpc = new Server({
    'grpc.max_receive_message_length': longestMessage,
    'grpc.max_concurrent_streams': mostCalls,
    'grpc.enable_channelz': 0,
  });
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const gate = new Gate({
    end,
    inject: (socket) => injector.injectConnection(socket),
    onSecurity: () => hostPorts.ownersRenamed(),
    onChange: onCallers,
    logger,
  });
  addServices(grpc, gate, options);
  const listener = createServer((socket) => gate.accept(socket.setNoDelay()));
  const port = await new Promise<number>((resolve, reject) => {
    listener.once('error', (error) => {
      gate.close();
      reject(new DpuError('UNAVAILABLE', `cannot listen for hosts on ${grpcAddress(endpoint)}: ${error.message}`));
    });
    listener.listen(endpoint, () => resolve(boundPort(listener.address())));
  });
  const address = grpcAddress({ host: endpoint.host, port });
  logger.info({ address, security: end.security }, 'listening for hosts');
  const close = () => {
    listener.close();
    gate.close();
    grpc.forceShutdown();
  };
  return { address, gate, close };
}

function boundPort(address: string | { port: number } | null): number {
  return typeof address === 'object' && address ? address.port : 0;
}

/** Each host sees its own ports, under the names that it gave them. */
function addServices(server: Server, gate: Gate, options: ChannelServerOptions): void {
  const { hostPorts, knownHosts, vsp, responderId, isLeaving, hasOneBridge } = options;
  /** By its connection; with plain text by what it says. */
  const caller = async (call: UnaryCall): Promise<string> => {
    const known = gate.caller(call.getPeer());
    if (!known) throw new DpuError('UNAVAILABLE', 'the connection has ended');
    if (known.refusal) throw new DpuError('PERMISSION_DENIED', known.refusal.message);
    const owner = known.uri ?? ownerFrom(call.metadata);
    await hostPorts.takeOver(owner);
    knownHosts.heard(owner);
    return owner;
  };
  addUnaryService(server, bridgePortServiceDefinition, {
    CreateBridgePort: async ({ bridgePort, bridgePortId }, call) => {
      const owner = await caller(call);
      if (!bridgePort) throw new DpuError('INVALID_ARGUMENT', 'bridge_port is missing');
      const named = { ...bridgePort, name: bridgePort.name || bridgePortId };
      return bridgePortToWire(await hostPorts.create(owner, bridgePortFromWire(named)));
    },
    DeleteBridgePort: async ({ name, allowMissing }, call) => {
      await hostPorts.delete(await caller(call), name, { allowMissing });
      return {};
    },
    GetBridgePort: async ({ name }, call) => {
      const port = hostPorts.get(await caller(call), name);
      if (!port) throw new DpuError('NOT_FOUND', `bridge port ${name} does not exist`);
      return bridgePortToWire(port);
    },
    // A card has at most a few hundred ports: always one page.
    ListBridgePorts: async (_request, call) => ({
      bridgePorts: hostPorts.list(await caller(call)).map(bridgePortToWire),
    }),
    UpdateBridgePort: async (_request, call) => {
      await caller(call);
      throw new DpuError('UNIMPLEMENTED', 'bridge ports of hosts are not updated: delete and create them');
    },
  });
  const Ping = async (_request: unknown, call: UnaryCall) => {
    const metadata = new Metadata();
    metadata.set(ownerHeader, await caller(call));
    if (isLeaving()) metadata.set(leavingHeader, 'true');
    if (hasOneBridge()) metadata.set(oneBridgeHeader, 'true');
    call.sendMetadata(metadata);
    return { timestamp: String(BigInt(Date.now()) * 1_000_000n), responderId, healthy: vsp.healthy };
  };
  addUnaryService(server, heartbeatServiceDefinition, { Ping });
  addUnaryService(server, vendorHeartbeatServiceDefinition, { Ping });
}
