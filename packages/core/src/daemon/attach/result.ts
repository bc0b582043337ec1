/** CNI results. The server answers 1.0.0 (1.1.0 to those who ask in it); `dpu-cni` converts to older versions. */
import { z } from 'zod';

const text = z.string().exactOptional();
/** IPAM plugins answer in the configuration's version: `version` and `interface` come and go with it. */
export const ipamResult = z.looseObject({
  ips: z.array(z.looseObject({ address: z.string(), gateway: text })).default([]),
  routes: z
    .array(
      z.looseObject({
        dst: z.string(),
        gw: text,
        mtu: z.int().exactOptional(),
        advmss: z.int().exactOptional(),
        priority: z.int().exactOptional(),
        table: z.int().exactOptional(),
        scope: z.int().exactOptional(),
      }),
    )
    .default([]),
  dns: z.looseObject({}).exactOptional(),
});
export type IpamResult = z.infer<typeof ipamResult>;

export const cniResult = z.object({
  cniVersion: z.string(),
  interfaces: z.array(
    z.object({ name: z.string(), mac: z.string(), sandbox: z.string(), mtu: z.int().exactOptional(), pciID: text }),
  ),
  ips: z.array(z.object({ address: z.string(), gateway: text, interface: z.int() })),
  routes: ipamResult.shape.routes,
  dns: z.looseObject({}),
});
export type CniResult = z.infer<typeof cniResult>;

export interface AttachedInterface {
  name: string;
  mac: string;
  mtu: number;
  sandbox: string;
  pciAddress?: string;
}

export function resultOf(version: string, attached: AttachedInterface, ipam: IpamResult | undefined): CniResult {
  const newest = version === '1.1.0';
  const { name, mac, sandbox, mtu, pciAddress } = attached;
  return {
    cniVersion: newest ? '1.1.0' : '1.0.0',
    interfaces: [
      { name, mac, sandbox, ...(newest && { mtu }), ...(newest && pciAddress !== undefined && { pciID: pciAddress }) },
    ],
    ips: (ipam?.ips ?? []).map(({ address, gateway }) => ({
      address,
      ...(gateway !== undefined && { gateway }),
      interface: 0,
    })),
    routes: ipam?.routes ?? [],
    dns: ipam?.dns ?? {},
  };
}
