/** What a user can set. Types, limits and defaults are the JSON schema's in package.json: the plugin host checks them. */
import type { IpPort } from '@dpu-operator/sdk';

export interface Settings {
  /** Without it, host and DPU are one node. */
  peer?: string;
  vfs: number;
  functionPorts: number;
  uplink: string;
  port: number;
  vniBase: number;
  daemonPort: number;
}

/** Where the daemon of the DPU's node listens: what its own side binds, and the host's side dials. */
export function daemonAddress({ peer, daemonPort }: Settings, side: 'host' | 'dpu', nodeIp: string): IpPort {
  if (peer === undefined) return { ip: '127.0.0.1', port: daemonPort };
  return { ip: side === 'host' ? peer : nodeIp, port: daemonPort };
}
