/** CHECK: is the interface still as ADD left it? */
import { z } from 'zod';
import { type Attachment, describe } from './attachment.ts';
import { CniError, cniCodes } from './errors.ts';
import { namespaceId } from './namespace.ts';
import type { PodLinks } from './pod-links.ts';
import type { CheckRequest } from './requests.ts';

/** Of every version: what is compared looks the same in all. */
const previous = z.looseObject({
  interfaces: z
    .array(z.looseObject({ name: z.string(), mac: z.string().default(''), sandbox: z.string().default('') }))
    .default([]),
  ips: z.array(z.looseObject({ address: z.string() })).default([]),
});

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
  if (link.mac !== record.mac) throw failed(`${who}: its MAC is ${link.mac}, not ${record.mac}`);
  if (!link.up) throw failed(`${who}: it is down`);
  const parsed = previous.safeParse(request.prevResult ?? record.result);
  if (!parsed.success) throw new CniError(cniCodes.invalidConfig, 'network configuration: prevResult is not a result');
  const { ips, interfaces } = parsed.data;
  const said = interfaces.find(({ name, sandbox }) => name === ifName && sandbox !== '');
  if (interfaces.length > 0 && !said) throw failed(`${who}: prevResult does not name ${ifName}`);
  if (said && said.mac !== '' && said.mac.toLowerCase() !== record.mac) {
    throw failed(`${who}: prevResult says MAC ${said.mac}, it is ${record.mac}`);
  }
  const present = new Set(link.addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`));
  const missing = ips.find(({ address }) => !present.has(address));
  if (missing) throw failed(`${who}: address ${missing.address} is missing`);
}

const failed = (text: string): CniError => new CniError(cniCodes.checkFailed, text);
