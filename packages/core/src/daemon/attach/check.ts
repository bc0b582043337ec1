/**
 * CHECK: is the interface still as the network's list of plugins left it? The runtime gives the whole list's result, in
 * which a plugin behind this one may have changed what this one made: that is compared where it is given.
 */
import { BlockList, isIP, SocketAddress } from 'node:net';
import type { Route } from '@dpu-operator/sdk/linux';
import { CniError, cniCodes } from '../../cni-error.ts';
import { normalizeMac } from './link/mac.ts';
import { namespaceId } from './link/namespace.ts';
import type { PodLinks } from './link/pod-links.ts';
import { type Attachment, describe } from './record/attachment.ts';
import type { CheckRequest } from './requests.ts';
import { type CniResult, type PreviousResult, previousResult } from './result.ts';

export async function checkAttachment(
  record: Attachment | undefined,
  request: CheckRequest,
  links: Pick<PodLinks, 'find' | 'routes'>,
): Promise<void> {
  const { ifName, netns } = request;
  if (record?.state !== 'attached') throw failed(`${ifName} of container ${request.containerId} is not attached`);
  const who = describe(record);
  if ((await namespaceId(netns)) !== record.netnsId) throw failed(`${who}: ${netns} is not the namespace it was`);
  // What its program made of it is not the kernel's to see.
  if (record.vfio) return;
  const link = await links.find(netns, ifName);
  if (!link) throw failed(`${who}: there is no interface ${ifName} in ${netns}`);
  if (!link.up) throw failed(`${who}: it is down`);
  const parsed = previousResult.safeParse(request.prevResult ?? record.result);
  if (!parsed.success) throw new CniError(cniCodes.invalidConfig, 'network configuration: prevResult is not a result');
  const wanted = wantedOf(parsed.data, ifName);
  if (!wanted) throw failed(`${who}: prevResult does not name ${ifName}`);
  const mac = normalizeMac(wanted.mac) ?? record.mac;
  if (link.mac !== mac) throw failed(`${who}: its MAC is ${link.mac}, not ${mac}`);
  const present = new Set(link.addresses.map(({ address, prefixLength }) => canonical(`${address}/${prefixLength}`)));
  const missing = wanted.addresses.find((address) => !present.has(canonical(address)));
  if (missing !== undefined) throw failed(`${who}: address ${missing} is missing`);
  const lost = await lostRoute(ownRoutes(record.result, parsed.data), () => links.routes(netns));
  if (lost) throw failed(`${who}: route ${lost.dst} is missing`);
}

/** What a result says of an interface of the pod; undefined where it names others only. */
export function wantedOf(
  { interfaces, ips }: PreviousResult,
  ifName: string,
): { mac: string; addresses: string[] } | undefined {
  const index = interfaces.findIndex(({ name, sandbox }) => name === ifName && sandbox !== '');
  if (index < 0 && interfaces.length > 0) return undefined;
  // Before 1.0.0 an address need not say whose it is.
  const own = ips.filter((address) => index < 0 || address.interface === index || address.interface === undefined);
  return { mac: interfaces[index]?.mac ?? '', addresses: own.map(({ address }) => address) };
}

/** What ADD made and the list's result still has: a plugin behind this one may have taken a route away. */
function ownRoutes(made: CniResult | undefined, { routes }: PreviousResult): CniResult['routes'] {
  return (made?.routes ?? []).filter(({ dst, gw }) =>
    routes.some((route) => isSameNetwork(route.dst, dst) && canonical(route.gw) === canonical(gw)),
  );
}

/** It may have put one into another table, too, or led it over another link. */
async function lostRoute(
  wanted: CniResult['routes'],
  list: () => Promise<Route[]>,
): Promise<CniResult['routes'][number] | undefined> {
  if (wanted.length === 0) return undefined;
  const present = await list();
  return wanted.find(({ dst, gw }) => {
    const made = present.filter(({ destination }) => isSameNetwork(dst, destination));
    return !made.some(({ gateway }) => gw === undefined || canonical(gateway) === canonical(gw));
  });
}

/** Of an IPv6 network the kernel keeps the prefix only. */
function isSameNetwork(one: string, other: string): boolean {
  const [address = '', length] = one.split('/');
  const [otherAddress = '', otherLength] = other.split('/');
  const families = [isIP(address), isIP(otherAddress)];
  if (length !== otherLength || families[0] !== families[1] || families.includes(0)) return false;
  const family = families[0] === 6 ? 'ipv6' : 'ipv4';
  const network = new BlockList();
  network.addSubnet(address, Number(length), family);
  return network.check(otherAddress, family);
}

/** Of an address, with or without a prefix length: IPv6 has several spellings. */
function canonical(text: string | undefined): string | undefined {
  const [ip = '', ...length] = text?.split('/') ?? [];
  if (isIP(ip) !== 6) return text;
  return [new SocketAddress({ address: ip, family: 'ipv6' }).address, ...length].join('/');
}

const failed = (text: string): CniError => new CniError(cniCodes.checkFailed, text);
