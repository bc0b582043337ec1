/** For tests: the daemon on a DPU as far as hosts see it, with a VSP in memory. */
import { once } from 'node:events';
import type { BridgePort, DpuError } from '@dpu-operator/sdk';
import type { Logger } from 'pino';
import { TestAuthority } from '../../trust/testing.ts';
import type { HostDataPath } from '../datapath/host-ports/host-data-path.ts';
import { hostPortsIn, MemoryVsp, silent } from '../datapath/testing.ts';
import type { ChannelEnd } from '../trust/channel-end.ts';
import { plainEnd, securedEnd, TestTrust } from '../trust/testing.ts';
import { serveChannel } from './channel-server.ts';
import { PeerLink } from './peer-link.ts';

export interface DpuSideOptions {
  /** Of its records. */
  directory: string;
  ip?: string;
  port: number;
  /** Default: plain text. */
  end?: ChannelEnd;
  /** What the VSP answers instead of doing it. */
  refuse?: (call: string) => DpuError | undefined;
  logger?: Logger;
}

/** Ports with their records in `directory`, served on TCP. */
export async function startDpuSide(options: DpuSideOptions) {
  const { directory, ip = '127.0.0.1', port, refuse, logger = silent } = options;
  const end = options.end ?? plainEnd({ side: 'dpu' });
  const bridge = new MemoryVsp();
  bridge.gate = async (call) => {
    const refusal = refuse?.(call);
    if (refusal) throw refusal;
  };
  const vsp = { healthy: true };
  const state = { isLeaving: false, hasOneBridge: false, changes: 0 };
  const heard = new Set<string>();
  const { ports, reconciler, connect } = hostPortsIn(directory, (installation) => end.isOnlyInstallation(installation));
  await connect(bridge);
  const served = await serveChannel(
    { ip, port },
    {
      end,
      hostPorts: ports,
      knownHosts: { heard: (owner) => heard.add(owner) },
      vsp,
      isLeaving: () => state.isLeaving,
      hasOneBridge: () => state.hasOneBridge,
      onCallers: () => {
        state.changes += 1;
      },
      responderId: 'dpu-1',
      logger,
    },
  );
  const close = () => {
    reconciler.close();
    served.close();
  };
  return { bridge, ports, vsp, state, end, gate: served.gate, directory, heard, address: served.address, close };
}

/** What another process of a test is given, so that both have one authority. */
export interface SharedAuthority {
  installation: string;
  authority: TestAuthority['authority'];
}

const trustOf = ({ installation, authority }: SharedAuthority) =>
  new TestTrust(new TestAuthority(installation, authority));

export async function sharedAuthority(): Promise<SharedAuthority> {
  const { installation, authority } = await TestAuthority.create('test');
  return { installation, authority };
}

export const securedDpuEnd = (shared: SharedAuthority): ChannelEnd => securedEnd({ side: 'dpu' }, trustOf(shared));

export { plainEnd };

/** A host's connection, once it works. */
export async function connectHost(address: string, end: ChannelEnd): Promise<PeerLink> {
  const isReady = () => end.name !== undefined;
  while (!isReady()) await once(end, 'change');
  const link = new PeerLink({ address, end, onProblem: () => {}, logger: silent });
  const connected = Promise.withResolvers<void>();
  link.client.onConnectivity((isConnected) => isConnected && connected.resolve());
  await connected.promise;
  return link;
}

export const securedHostEnd = (shared: SharedAuthority): ChannelEnd => securedEnd({ side: 'host' }, trustOf(shared));

/** Ports of a host's pods: each is an attachment's record before it is asked for, and is none before it is taken away. */
export function attachmentsOf(host: HostDataPath, wanted: BridgePort[]) {
  return {
    add: (added: BridgePort) => {
      wanted.push(added);
      return host.createBridgePort(added);
    },
    remove: (name: string) => {
      wanted.splice(
        wanted.findIndex((port) => port.name === name),
        1,
      );
      return host.deleteBridgePort(name);
    },
  };
}
