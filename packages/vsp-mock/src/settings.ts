/** What a user can set for a software DPU. The JSON schema in package.json is generated from this. */
import { isIP } from 'node:net';
import { DpuError } from '@dpu-operator/sdk';
import { z } from 'zod';

/** Enough for any test; every VF is a kernel device of its own. */
export const MAX_VFS = 256;
/** The port on which the daemons of Go operator and this one listen by default. */
const DAEMON_PORT = 50151;

/** `z.toJSONSchema` of this, in the manifest, is what a DataProcessingUnitConfig is checked against. */
export const settingsSchema = z.strictObject({
  peer: z.string().min(2).optional().meta({
    description:
      'IP address of the other node: on the host node that of the DPU node, and the other way round. Without it, host and DPU are the same node.',
  }),
  dpuAddress: z
    .string()
    .regex(/^(\[[0-9a-fA-F:.%a-z]+\]|[^:[\]]+):[0-9]{1,5}$/)
    .optional()
    .meta({
      description: `Where the daemon of the DPU node listens, host:port. Without it, port ${DAEMON_PORT} of the DPU node.`,
    }),
  vfs: z.int().min(0).max(MAX_VFS).default(8).meta({ description: 'Virtual functions until numVfs says otherwise.' }),
  networkFunctionPorts: z.int().min(0).max(MAX_VFS).default(8).meta({
    description: 'Ports for network functions on the DPU node; each network function takes two.',
  }),
  uplink: z
    .string()
    .regex(/^[^\s/:"']{1,15}$/)
    .default('dpu-uplink')
    .meta({
      description: 'Network device of the DPU node that leads outside. Attached whenever it exists.',
    }),
  vxlanPort: z.int().min(1).max(65535).default(4790).meta({
    description: 'UDP port of the VXLAN tunnels between the nodes; the same on both.',
  }),
  vniBase: z.int().min(1).max(16_776_959).default(7_000_000).meta({
    description: 'VXLAN network identifier of the first virtual function; the same on both nodes.',
  }),
});

export type Settings = z.infer<typeof settingsSchema>;

/** @throws DpuError INVALID_ARGUMENT naming the setting */
export function parseSettings(settings: unknown): Settings {
  const result = settingsSchema.safeParse(settings ?? {});
  if (!result.success) throw new DpuError('INVALID_ARGUMENT', `settings: ${z.prettifyError(result.error)}`);
  const { peer, ...others } = result.data;
  if (peer === undefined) return others;
  if (isIP(peer) === 0) {
    throw new DpuError('INVALID_ARGUMENT', `settings: peer must be an IP address, not ${JSON.stringify(peer)}`);
  }
  // In the one spelling that the kernel answers with.
  return { ...others, peer: isIP(peer) === 6 ? new URL(`http://[${peer}]`).hostname.slice(1, -1) : peer };
}

/** Where the daemon of the DPU node listens: what the host side dials, and the DPU side binds. */
export function daemonAddress(settings: Settings, side: 'host' | 'dpu', nodeIp: string): { ip: string; port: number } {
  if (settings.dpuAddress !== undefined) {
    const colon = settings.dpuAddress.lastIndexOf(':');
    return { ip: settings.dpuAddress.slice(0, colon), port: Number(settings.dpuAddress.slice(colon + 1)) };
  }
  const ip = settings.peer === undefined ? '127.0.0.1' : side === 'host' ? settings.peer : nodeIp;
  return { ip: isIP(ip) === 6 ? `[${ip}]` : ip, port: DAEMON_PORT };
}
