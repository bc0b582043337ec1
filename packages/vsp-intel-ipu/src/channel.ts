/** The link between host and ACC that the daemons talk over: each side's interface has a fixed address. */
import { isIPv4 } from 'node:net';
import { DpuError, type Platform, type PluginContext } from '@dpu-operator/sdk';
import { channelPrefixLength, type Settings } from './settings.ts';

/** Names of interfaces end so, unless the settings name one. */
const suffixes = { host: 'd2', dpu: 'd3' };

/** Milliseconds until it is looked again whether the interface has its address. */
const lookAgainMs = 5_000;

/**
 * Gives the interface its address, and again whenever it has lost it: the driver makes the interface anew when the card
 * reboots, and late when all of it boots. What goes wrong is told by a condition, and keeps nobody from service: the address
 * may be made by somebody else, and the daemons see whether they reach each other. Returns after the first attempt.
 */
export async function keepChannel(side: 'host' | 'dpu', context: PluginContext<Settings>): Promise<void> {
  const { platform, signal } = context;
  let name = await configureChannel(side, context);
  void keep();

  async function keep(): Promise<void> {
    while (!signal.aborted) {
      await platform.clock.sleep(lookAgainMs, signal).catch(() => {});
      if (!signal.aborted) name = await configureChannel(side, context, name);
    }
  }
}

/**
 * @param known name of the interface, where it is known already
 * @returns that name, where the interface has the address
 */
async function configureChannel(
  side: 'host' | 'dpu',
  { settings, platform, status }: PluginContext<Settings>,
  known?: string,
): Promise<string | undefined> {
  const { channel } = settings;
  const { links, sysfs } = platform;
  const address = side === 'host' ? channel.hostAddress : channel.dpuAddress;
  try {
    const name = channel.interface ?? known ?? (await findInterface(suffixes[side], sysfs));
    const link = await links.find(name);
    if (!link) throw new DpuError('NOT_FOUND', `there is no network device ${name}`);
    const has = link.addresses.some((each) => each.address === address);
    const length = isIPv4(address) ? channelPrefixLength : 64;
    await links.batch([
      ...(has ? [] : [`addr add ${address}/${length} dev ${name}`]),
      ...(link.up ? [] : [`link set ${name} up`]),
    ]);
    status.set({ type: 'Channel', status: 'True', reason: 'Configured', message: `${name} has ${address}` });
    return name;
  } catch (error) {
    const message = `the other side cannot be reached at ${address}: ${DpuError.from(error).message}`;
    status.set({ type: 'Channel', status: 'False', reason: 'NotConfigured', message });
    return undefined;
  }
}

async function findInterface(suffix: string, sysfs: Platform['sysfs']): Promise<string> {
  const { pci } = await sysfs.snapshot();
  const card = pci.filter(({ vendor, device, isVf }) => vendor === '8086' && device === '1452' && !isVf);
  const name = card.flatMap(({ netdevs }) => netdevs).find((netdev) => netdev.name.endsWith(suffix))?.name;
  if (name !== undefined) return name;
  throw new DpuError('NOT_FOUND', `no network device of the card ends in ${suffix}; set channel.interface`);
}
