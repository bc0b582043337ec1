/** The link between host and ACC that the daemons talk over: each side's interface has a fixed address. */
import { DpuError, type Platform, type PluginContext, Serial } from '@dpu-operator/sdk';
import { watchAddresses, watchLinks } from '@dpu-operator/sdk/linux';
import { channelPrefixLength, type Settings } from './settings.ts';

/** Names of interfaces end so, unless the settings name one. */
const suffixes = { host: 'd2', dpu: 'd3' };

/** Milliseconds until what could not be done is tried again, whether or not the kernel tells of a change. */
const retryMs = 5_000;

/**
 * Gives the interface its address, and again whenever it has lost it: the driver makes the interface anew when the card
 * reboots, and late when all of it boots. What goes wrong is told by a condition, and keeps nobody from service: the address
 * may be made by somebody else, and the daemons see whether they reach each other. Returns after the first attempt.
 */
export async function keepChannel(side: 'host' | 'dpu', context: PluginContext<Settings>): Promise<void> {
  const { platform, signal } = context;
  const { netns } = platform.links;
  const serial = new Serial();
  let name: string | undefined;
  /** A look is to come: what happens until then is part of it. */
  let isAsked = false;
  let isWaiting = false;
  const look = () =>
    serial.run(async () => {
      isAsked = false;
      if (signal.aborted) return;
      name = await configureChannel(side, context, name);
      if (name === undefined) void lookLater();
    });
  const lookLater = async () => {
    if (isWaiting) return;
    isWaiting = true;
    await platform.clock.sleep(retryMs, signal).catch(() => {});
    isWaiting = false;
    await look();
  };
  const again = () => {
    if (!isAsked) void look();
    isAsked = true;
  };
  const options = { signal, onRestart: again, ...(netns !== undefined && { netns }) };
  watchLinks((change) => {
    if (name === undefined || change.name === name) again();
  }, options);
  watchAddresses(({ address, deleted }) => {
    if (deleted && address === addressOf(side, context.settings)) again();
  }, options);
  await look();
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
  const { links, sysfs } = platform;
  const address = addressOf(side, settings);
  try {
    const name = settings.channel.interface ?? known ?? (await findInterface(suffixes[side], sysfs));
    const link = await links.find(name);
    if (!link) throw new DpuError('NOT_FOUND', `there is no network device ${name}`);
    const has = link.addresses.some((each) => each.address === address);
    await links.batch([
      ...(has ? [] : [`addr add ${address}/${channelPrefixLength} dev ${name}`]),
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

function addressOf(side: 'host' | 'dpu', { channel }: Settings): string {
  return side === 'host' ? channel.hostAddress : channel.dpuAddress;
}
