/** The network that carries the tunnels between host node and DPU node. */
import { isIP } from 'node:net';
import { DpuError } from '@dpu-operator/sdk';
import type { Exec } from '@dpu-operator/sdk/linux';
import { z } from 'zod';

/** Of one node, which has no underlay: what VXLAN leaves of an ordinary network, so that pods see no difference. */
export const oneNodeMtu = 1450;

/** Bytes: outer IP header, UDP (8), VXLAN (8) and inner Ethernet header (14); RFC 7348, section 5. */
const vxlanOverhead = { 4: 20 + 8 + 8 + 14, 6: 40 + 8 + 8 + 14 };

const routesSchema = z.array(
  z.object({ dev: z.string(), metrics: z.array(z.object({ mtu: z.number().optional() })).optional() }),
);
const linksSchema = z.array(z.object({ mtu: z.number() }));

/**
 * The MTU that a tunnel to the peer leaves, by the route to it and the device that this leads through.
 *
 * @throws DpuError UNAVAILABLE while no route leads to the peer
 */
export async function tunnelMtu(exec: Exec, peer: string): Promise<number> {
  const [route] = routesSchema.parse(await ipJson(exec, ['route', 'get', peer], peer));
  if (!route) throw noRoute(peer);
  const [link] = linksSchema.parse(await ipJson(exec, ['link', 'show', 'dev', route.dev], peer));
  const ofRoute = route.metrics?.find(({ mtu }) => mtu !== undefined)?.mtu;
  const underlay = ofRoute ?? link?.mtu;
  if (underlay === undefined) throw noRoute(peer);
  return underlay - vxlanOverhead[isIP(peer) === 6 ? 6 : 4];
}

async function ipJson(exec: Exec, args: readonly string[], peer: string): Promise<unknown> {
  const { stdout, exitCode } = await exec('ip', ['-json', ...args], { allowFailure: true });
  if (exitCode !== 0) throw noRoute(peer);
  return JSON.parse(stdout);
}

function noRoute(peer: string): DpuError {
  return new DpuError('UNAVAILABLE', `no route leads to the other node, ${peer}; it is looked for again`);
}
