/** What is behind a card's uplink: its frames without a tag in one namespace, those of one VLAN in another. */
import type { Netns } from './netns.ts';

export interface CableOptions {
  /** Where the switch is. */
  card: Netns;
  /** `ovs-vsctl` of that switch. */
  vsctl: (...args: string[]) => Promise<unknown>;
  /** Has the far end of the uplink, `eth0`, and gets another of that name. */
  outside: Netns;
  /** Gets an `eth0` on the VLAN. */
  outsideOfVlan: Netns;
  vlanId: number;
  /** With their lengths. */
  addresses: { outside: string; ofVlan: string };
}

/** Kernels without VLAN devices: another bridge of the card's switch takes the tag off behind the uplink. */
export async function splitCable(options: CableOptions): Promise<void> {
  const { card, vsctl, outside, outsideOfVlan, vlanId, addresses } = options;
  await outside.links.batch([`link set eth0 netns ${card.name} name cable`]);
  await card.up('cable');
  await card.join('wire0', '', outside, 'eth0', addresses.outside);
  await card.join(`wire${vlanId}`, '', outsideOfVlan, 'eth0', addresses.ofVlan);
  await vsctl('add-br', 'br-cable', '--', 'set', 'bridge', 'br-cable', 'datapath_type=netdev');
  await vsctl('add-port', 'br-cable', 'cable');
  await vsctl('add-port', 'br-cable', 'wire0', 'vlan_mode=native-untagged', 'tag=0');
  await vsctl('add-port', 'br-cable', `wire${vlanId}`, `tag=${vlanId}`);
}
