/**
 * CHECK: is the interface still as the network's list of plugins left it? The runtime gives the whole list's result, in
 * which a plugin behind this one may have changed what this one made: that is compared where it is given.
 */
import { SocketAddress } from 'node:net';
import { CniError, cniCodes } from './errors.ts';
import { normalizeMac } from './link/mac.ts';
import { namespaceId } from './link/namespace.ts';
import type { PodLinks } from './link/pod-links.ts';
import { type Attachment, describe } from './record/attachment.ts';
import type { CheckRequest } from './requests.ts';
import { type PreviousResult, previousResult } from './result.ts';

export async function checkAttachment(
  record: Attachment | undefined,
  request: CheckRequest,
  links: Pick<PodLinks, 'find'>,
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

/** IPv6 addresses have several spellings. */
function canonical(address: string): string {
  const [ip = '', length = ''] = address.split('/');
  if (!ip.includes(':')) return address;
  try {
    return `${new SocketAddress({ address: ip, family: 'ipv6' }).address}/${length}`;
  } catch {
    return address;
  }
}

const failed = (text: string): CniError => new CniError(cniCodes.checkFailed, text);
