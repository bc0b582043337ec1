/** What the plugin says of its card: virtual functions that are no use, the switch, and the way outside. */
import type { PluginContext } from '@dpu-operator/sdk';
import type { VfDevices } from '@dpu-operator/sdk/linux';

type Told = Pick<PluginContext<unknown>, 'status' | 'platform'>;

/** How many functions a message names. */
const named = 3;

/** The condition says which have no network device, and that all have one again. */
export async function tellVfs({ status }: Told, vfs: Pick<VfDevices, 'devices'>): Promise<void> {
  const broken = (await vfs.devices()).filter(({ healthy }) => !healthy);
  const [first] = broken;
  if (!first) {
    status.set({ type: 'VirtualFunctions', status: 'True', reason: 'Usable', message: 'all have a network device' });
    return;
  }
  const ids = broken.slice(0, named).map(({ id }) => id);
  const more = broken.length > named ? ` and ${broken.length - named} more` : '';
  const message = `${ids.join(', ')}${more}: ${first.reason}`;
  status.set({ type: 'VirtualFunctions', status: 'False', reason: 'NoNetworkDevice', message });
}

/** @param lost why the switch is gone; without it, it works */
export function tellSwitch({ status }: Pick<Told, 'status'>, lost?: string): void {
  if (lost === undefined) {
    status.set({ type: 'Healthy', status: 'True', reason: 'SwitchWorks', message: 'Open vSwitch works' });
    return;
  }
  const message = `Open vSwitch: ${lost}; nothing passes until it is back`;
  status.set({ type: 'Healthy', status: 'False', reason: 'SwitchLost', message });
}

/** Whether the port that leads outside has a cable with something at its end. */
export async function tellUplink(
  { status, platform }: Told,
  uplink: { name: string } | undefined,
  sfp: string | undefined,
): Promise<void> {
  if (!uplink) {
    const missing = sfp === undefined ? 'the card has no such SFP port' : `${sfp} has no network device`;
    const message = `${missing}: nothing leads outside; see sfpPort in the settings`;
    status.set({ type: 'Uplink', status: 'False', reason: 'NoNetworkDevice', message });
    return;
  }
  const up = (await platform.links.find(uplink.name))?.running === true;
  status.link({ name: uplink.name, up });
  const message = up ? `${uplink.name} has a carrier` : `${uplink.name} has no carrier: check cable and module`;
  status.set({ type: 'Uplink', status: up ? 'True' : 'False', reason: up ? 'Carrier' : 'NoCarrier', message });
}
