/** The channel between a host and its card where a network device of each leads to the other: fixed link-local addresses. */
import type { IpPort, Platform } from '../contract.ts';
import { DpuError } from '../errors.ts';
import { Netlink } from './netlink/netlink.ts';

export interface LinkLocalChannel {
  /** Which end this is. */
  side: 'host' | 'dpu';
  /** Name of the network device that leads to the other end. */
  device: string;
  /** TCP port of the DPU side's daemon. */
  port: number;
}

/** The addresses that the Go operator's plugins give the ends. */
const addresses = { dpu: 'fe80::1', host: 'fe80::2' };

/**
 * Gives this end its address, with the device up. Nothing changes where it is so already; to be called again when the
 * device was taken down or set up otherwise.
 *
 * @returns what Init answers: where the DPU side listens, `[fe80::1%eth2]`, and how its host dials that, `[fe80::1%25ens1f0]`
 * @throws DpuError FAILED_PRECONDITION without the device, PERMISSION_DENIED
 */
export async function openLinkLocalChannel(
  { links }: Pick<Platform, 'links'>,
  { side, device, port }: LinkLocalChannel,
): Promise<IpPort> {
  const netlink = new Netlink(links.netns);
  try {
    const link = await netlink.findLink(device);
    if (!link)
      throw new DpuError(
        'FAILED_PRECONDITION',
        `there is no network device ${device}, the channel to the ${other(side)}`,
      );
    netlink.enableIpv6(device);
    if (!link.up) await netlink.changeLink(link.index, { up: true });
    if (!link.addresses.some(({ address }) => address === addresses[side]))
      await netlink.addAddress(link.index, `${addresses[side]}/64`);
  } finally {
    netlink.close();
  }
  // The host dials what it reads as a URL, in which % is written %25.
  return { ip: `[${addresses.dpu}${side === 'dpu' ? '%' : '%25'}${device}]`, port };
}

const other = (side: 'host' | 'dpu') => (side === 'host' ? 'DPU' : 'host');
