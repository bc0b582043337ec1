/** The channel between a host and its card where a network device of each leads to the other: fixed link-local addresses. */
import type { IpPort, Logger, Platform } from '../contract/contract.ts';
import { DpuError } from '../errors.ts';
import { watchAddresses } from './links/addresses-watch.ts';
import { type LinkChange, watchLinks } from './links/links-watch.ts';
import { Netlink } from './netlink/netlink.ts';

/** A device that leads from one end to the other, with link-local addresses known to both. */
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

/** What {@link keepLinkLocalChannel} works with. */
export interface KeptChannel {
  platform: Pick<Platform, 'links' | 'sriov'>;
  logger: Logger;
  /** Ends the watch. */
  signal: AbortSignal;
  /** What opens it. Default: {@link openLinkLocalChannel}. */
  open?: typeof openLinkLocalChannel | undefined;
}

/** Milliseconds. */
const deviceTimeoutMs = 30_000;
/** A device that goes on being renamed is somebody's mistake. */
const renameTries = 5;

/**
 * Opens the channel by the network device of a PCI function, and again whenever that was taken down, made anew or
 * lost its address.
 *
 * @returns what Init answers, and the name of the device
 * @throws DpuError DEADLINE_EXCEEDED where the function has no network device within 30 s, else as {@link openLinkLocalChannel}
 */
export async function keepLinkLocalChannel(
  { platform, logger, signal, open: openChannel = openLinkLocalChannel }: KeptChannel,
  { pciAddress, ...channel }: Omit<LinkLocalChannel, 'device'> & { pciAddress: string },
): Promise<{ address: IpPort; device: string }> {
  const { sriov, links } = platform;
  const open = (device: string) => openChannel(platform, { ...channel, device });
  const made = await openUnderItsName({ sriov, pciAddress, signal, open });
  const again = async () => {
    const device = (await sriov.netdev(pciAddress))?.name;
    if (device === undefined) return;
    await open(device);
    if (device !== made.device) logger.warn({ device, before: made.device }, renamedText);
  };
  const onEvent = () => {
    again().catch((error) => logger.warn({ err: DpuError.from(error) }, 'the channel is not open'));
  };
  const onChange = (change: LinkChange) => {
    const isOurs = change.name === made.device || change.pciAddress === pciAddress;
    if (isOurs && !change.deleted) onEvent();
  };
  const onAddress = ({ address, deleted }: { address: string; deleted: boolean }) => {
    if (deleted && address === addresses[channel.side]) onEvent();
  };
  const options = { signal, onRestart: onEvent, ...(links.netns !== undefined && { netns: links.netns }) };
  watchLinks(onChange, options);
  watchAddresses(onAddress, options);
  return made;
}

const renamedText =
  'the device of the channel has another name than Init answered: restart the plugin to tell the daemon';

interface Opening {
  sriov: KeptChannel['platform']['sriov'];
  pciAddress: string;
  signal: AbortSignal;
  open: (device: string) => Promise<IpPort>;
}

/** The kernel's name of a device lasts until udev gives it another, which may be in the middle of this. */
async function openUnderItsName({ sriov, pciAddress, signal, open }: Opening) {
  for (let tries = 1; ; tries++) {
    const [netdev] = await sriov.netdevs([pciAddress], { signal, timeoutMs: deviceTimeoutMs });
    const device = netdev?.name ?? '';
    const isStillItsName = async () => (await sriov.netdev(pciAddress))?.name === device || tries === renameTries;
    try {
      const address = await open(device);
      if (await isStillItsName()) return { address, device };
    } catch (error) {
      if (await isStillItsName()) throw error;
    }
  }
}

const other = (side: 'host' | 'dpu') => (side === 'host' ? 'DPU' : 'host');
