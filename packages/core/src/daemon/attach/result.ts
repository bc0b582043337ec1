/** CNI results. The server answers 1.0.0 (1.1.0 to those who ask in it); `dpu-cni` converts to older versions. */
import { z } from 'zod';

const text = z.string().exactOptional();
const cidr = z.union([z.cidrv4(), z.cidrv6()]);
const ip = z.union([z.ipv4(), z.ipv6()]);

// Objects have the fields of the specification only: what strangers nest in others goes nowhere.

export const dns = z.object({
  nameservers: z.array(z.string()).exactOptional(),
  domain: text,
  search: z.array(z.string()).exactOptional(),
  options: z.array(z.string()).exactOptional(),
});
type Dns = z.infer<typeof dns>;

const routeOptions = {
  mtu: z.int().exactOptional(),
  advmss: z.int().exactOptional(),
  priority: z.int().exactOptional(),
  table: z.int().exactOptional(),
  scope: z.int().exactOptional(),
};
const route = z.object({ dst: cidr, gw: ip.exactOptional(), ...routeOptions });

/** Go's plugins leave an empty list out or write null. */
const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((list) => list ?? []);

/**
 * Makes the form of 0.3.0 and later of that of 0.1.0 and 0.2.0, which has one address of each family with its routes.
 * What is wrong with it is for the schema that follows to say.
 */
function modernize(json: unknown): unknown {
  if (!isObject(json) || !('ip4' in json || 'ip6' in json)) return json;
  const { ip4, ip6, ...rest } = json;
  const parts = [ip4, ip6].filter(isObject);
  return {
    ...rest,
    ips: parts.map(({ ip: address, gateway }) => (gateway === undefined ? { address } : { address, gateway })),
    routes: parts.flatMap(({ routes }) => routes ?? []),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** IPAM plugins answer in the configuration's version: `version` and `interface` come and go with it. */
export const ipamResult = z.preprocess(
  modernize,
  z.object({
    ips: listOf(z.object({ address: cidr, gateway: ip.exactOptional() })),
    routes: listOf(route),
    dns: dns.exactOptional(),
  }),
);
export type IpamResult = z.infer<typeof ipamResult>;

const resultInterface = z.object({
  name: z.string(),
  mac: z.string().default(''),
  sandbox: z.string().default(''),
  mtu: z.int().exactOptional(),
  socketPath: text,
  pciID: text,
});
const resultAddress = z.object({ address: z.string(), gateway: text, interface: z.int().exactOptional() });
const resultRoute = z.object({ dst: z.string(), gw: text, ...routeOptions });

/** What plugins earlier in the network's list made. It is passed on, so nothing of it is looked at closely. */
export const previousResult = z.preprocess(
  modernize,
  z.object({
    interfaces: listOf(resultInterface),
    ips: listOf(resultAddress),
    routes: listOf(resultRoute),
    dns: dns.nullish(),
  }),
);
export type PreviousResult = z.infer<typeof previousResult>;

export const cniResult = z.object({
  cniVersion: z.string(),
  interfaces: z.array(resultInterface),
  ips: z.array(resultAddress),
  routes: z.array(resultRoute),
  dns,
});
export type CniResult = z.infer<typeof cniResult>;

export interface AttachedInterface {
  name: string;
  mac: string;
  mtu: number;
  sandbox: string;
  pciAddress?: string;
}

/** What of a network's configuration its result depends on. */
export interface ResultConfig {
  cniVersion: string;
  prevResult?: PreviousResult | null | undefined;
  dns?: Dns;
}

/** What the plugins before this one made, and behind it what this one did. */
export function resultOf(config: ResultConfig, attached: AttachedInterface, ipam: IpamResult | undefined): CniResult {
  const { prevResult } = config;
  const newest = config.cniVersion === '1.1.0';
  const { name, mac, sandbox, mtu, pciAddress } = attached;
  const before = prevResult?.interfaces ?? [];
  const own = {
    name,
    mac,
    sandbox,
    ...(newest && { mtu }),
    ...(newest && pciAddress !== undefined && { pciID: pciAddress }),
  };
  const addresses = (ipam?.ips ?? []).map(({ address, gateway }) => ({
    address,
    ...(gateway !== undefined && { gateway }),
    interface: before.length,
  }));
  return {
    cniVersion: newest ? '1.1.0' : '1.0.0',
    interfaces: [...before, own],
    ips: [...(prevResult?.ips ?? []), ...addresses],
    routes: [...(prevResult?.routes ?? []), ...(ipam?.routes ?? [])],
    dns: firstWithContent(config.dns, ipam?.dns, prevResult?.dns),
  };
}

/** As the reference plugins have it: the network's own words go before the address manager's, and those before earlier ones. */
function firstWithContent(...candidates: readonly (Dns | null | undefined)[]): Dns {
  const isSet = (value: unknown) => (Array.isArray(value) ? value.length > 0 : Boolean(value));
  return candidates.find((candidate) => candidate && Object.values(candidate).some(isSet)) ?? {};
}
