/** For tests: the daemon on a DPU as far as hosts see it, with a VSP in memory. */
import type { DpuError } from '@dpu-operator/sdk';
import { hostPortsIn, MemoryVsp, silent } from '../datapath/testing.ts';
import { serveChannel } from './channel-server.ts';

export interface DpuSideOptions {
  /** Of its records. */
  directory: string;
  ip?: string;
  port: number;
  /** What the VSP answers instead of doing it. */
  refuse?: (call: string) => DpuError | undefined;
}

/** Ports with their records in `directory`, served on TCP. */
export async function startDpuSide({ directory, ip = '127.0.0.1', port, refuse }: DpuSideOptions) {
  const bridge = new MemoryVsp();
  bridge.gate = async (call) => {
    const refusal = refuse?.(call);
    if (refusal) throw refusal;
  };
  const vsp = { healthy: true };
  const heard = new Set<string>();
  const { ports, reconciler, connect } = hostPortsIn(directory);
  await connect(bridge);
  const served = await serveChannel(
    { ip, port },
    {
      hostPorts: ports,
      knownHosts: { heard: (owner) => heard.add(owner) },
      vsp,
      responderId: 'dpu-1',
      logger: silent,
    },
  );
  const close = () => {
    reconciler.close();
    served.close();
  };
  return { bridge, ports, vsp, directory, heard, address: served.address, close };
}
