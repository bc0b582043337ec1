/** Links as `ip -json` prints them. */
import { z } from 'zod';
import type { Link } from './link.ts';

const linkAddress = z.object({
  family: z.string(),
  local: z.string().optional(),
  prefixlen: z.number(),
  scope: z.string().default('global'),
});

const wireLink = z.object({
  ifname: z.string(),
  ifindex: z.number(),
  address: z.string().default(''),
  mtu: z.number(),
  flags: z.array(z.string()),
  ifalias: z.string().optional(),
  master: z.string().optional(),
  link: z.string().nullish(),
  link_index: z.number().optional(),
  link_netnsid: z.number().optional(),
  altnames: z.array(z.string()).optional(),
  parentbus: z.string().optional(),
  parentdev: z.string().optional(),
  permaddr: z.string().optional(),
  linkinfo: z
    .object({
      info_kind: z.string().optional(),
      info_data: z
        .object({
          id: z.number().optional(),
          port: z.number().optional(),
          local: z.string().optional(),
          local6: z.string().optional(),
          remote: z.string().optional(),
          remote6: z.string().optional(),
        })
        .optional(),
    })
    .optional(),
  addr_info: z.array(linkAddress).default([]),
});

/** What `ip -json -details addr show` prints. */
export function parseLinks(json: string): Link[] {
  if (json.trim() === '') return [];
  // Where a filter leaves a link out, iproute2 prints {} in its place.
  const objects = z.array(z.looseObject({})).parse(JSON.parse(json));
  return objects.filter((object) => 'ifname' in object).map((object) => toLink(wireLink.parse(object)));
}

function toLink(wire: z.infer<typeof wireLink>): Link {
  const kind = wire.linkinfo?.info_kind;
  const data = wire.linkinfo?.info_data;
  const local = data?.local ?? data?.local6;
  const remote = data?.remote ?? data?.remote6;
  return {
    name: wire.ifname,
    index: wire.ifindex,
    mac: wire.address,
    mtu: wire.mtu,
    up: wire.flags.includes('UP'),
    running: wire.flags.includes('UP') && wire.flags.includes('LOWER_UP'),
    ...(kind !== undefined && { kind }),
    ...(wire.ifalias !== undefined && { alias: wire.ifalias }),
    ...(wire.link_netnsid !== undefined && { linkNetnsId: wire.link_netnsid }),
    ...(wire.altnames !== undefined && { altNames: wire.altnames }),
    ...(wire.parentbus === 'pci' && wire.parentdev !== undefined && { pciAddress: wire.parentdev }),
    ...(wire.permaddr !== undefined && { permanentMac: wire.permaddr }),
    ...(wire.master !== undefined && { masterName: wire.master }),
    ...(kind === 'veth' && {
      peer: {
        ...(wire.link && { name: wire.link }),
        ...(wire.link_index !== undefined && { index: wire.link_index }),
      },
    }),
    ...(kind === 'vxlan' &&
      data?.id !== undefined &&
      data.port !== undefined && {
        vxlan: { vni: data.id, port: data.port, ...(local && { local }), ...(remote && { remote }) },
      }),
    addresses: wire.addr_info.flatMap(({ family, local, prefixlen, scope }) =>
      (family === 'inet' || family === 'inet6') && local
        ? [{ family, address: local, prefixLength: prefixlen, scope }]
        : [],
    ),
  };
}
