/** What a user can set. Types, limits and defaults are the JSON schema's in package.json: the plugin host checks them. */
import { DpuError, type IpPort } from '@dpu-operator/sdk';

export interface Settings {
  channel: {
    hostAddress: string;
    dpuAddress: string;
    /** TCP port of the daemon on the DPU side. */
    port: number;
    /** The interface that has the address; else the one whose name ends in d2 (host) or d3 (ACC). */
    interface?: string;
  };
  p4runtime: { address: string; deviceId: number; electionId: number };
  imc: { host: string; port: number; username: string; hostKey?: string };
  /** Interfaces of the ACC, kept for others than pods. */
  representors: {
    /** One for each host VF that can have a bridge port. */
    hosts: string[];
    /** Two for each network function: input and output. */
    functions: [string, string][];
  };
  /** Interfaces of the ACC that pods of network functions are given. */
  functionDevices: string[];
  /** Interfaces of the ACC on physical port 0: its own network, and the uplink of the bridges. */
  uplink: { primary: string; secondary: string; ownNetwork: boolean };
  bridge: 'linux' | 'ovs';
  /** Socket of the database of the card's own Open vSwitch; else the plugin has one of its own. */
  ovsDatabase?: string;
  /** The second octet of a MAC is the VSI, as older firmware has it: the IMC is not asked. */
  vsiFromMac: boolean;
}

/** What the names of bridges begin with that the plugin makes on the ACC. */
export const bridgePrefix = 'br-ipu';
export const isOurBridge = (name: string): boolean => name === bridgePrefix || name.startsWith(`${bridgePrefix}-`);
/** Bits of the address that the channel's interface gets. */
export const channelPrefixLength = 24;

/** What both sides answer to Init: where the daemon on the DPU side listens. */
export function daemonAddress({ channel }: Settings): IpPort {
  return { ip: channel.dpuAddress, port: channel.port };
}

/**
 * What no schema can say.
 *
 * @throws DpuError INVALID_ARGUMENT naming the setting and what is wrong with it
 */
export function checkSettings(settings: Settings, side: 'host' | 'dpu'): void {
  const { channel, p4runtime, bridge, ovsDatabase } = settings;
  checkChannel(channel);
  const port = Number(p4runtime.address.split(':').at(-1));
  if (port < 1 || port > 65_535) throw wrong('p4runtime.address', `${port} is no TCP port; there are 1 to 65535`);
  if (ovsDatabase !== undefined && bridge !== 'ovs')
    throw wrong('ovsDatabase', `is of no use with bridge ${bridge}; set bridge to ovs, or leave it out`);
  if (side === 'dpu') checkInterfaces(settings);
}

function checkChannel({ hostAddress, dpuAddress }: Settings['channel']): void {
  if (hostAddress === dpuAddress) throw wrong('channel.dpuAddress', `${dpuAddress} is channel.hostAddress, too`);
  const networkOf = (address: string) => address.slice(0, address.lastIndexOf('.'));
  for (const [field, address] of Object.entries({ hostAddress, dpuAddress })) {
    if (/\.(0|255)$/.test(address))
      throw wrong(`channel.${field}`, `${address} is that of a whole network of ${channelPrefixLength} bits`);
  }
  if (networkOf(hostAddress) !== networkOf(dpuAddress))
    throw wrong(
      'channel.dpuAddress',
      `${dpuAddress} is not in ${networkOf(hostAddress)}.0/24 as channel.hostAddress is`,
    );
}

/** No interface is kept for two things, nor is a bridge that the plugin makes one. */
function checkInterfaces({ channel, representors, functionDevices, uplink }: Settings): void {
  const uses: [field: string, name: string][] = [
    ['uplink.primary', uplink.primary],
    ['uplink.secondary', uplink.secondary],
    ...representors.hosts.map((name): [string, string] => ['representors.hosts', name]),
    ...representors.functions.flat().map((name): [string, string] => ['representors.functions', name]),
    ...functionDevices.map((name): [string, string] => ['functionDevices', name]),
  ];
  if (channel.interface !== undefined) uses.push(['channel.interface', channel.interface]);
  const seen = new Map<string, string>();
  for (const [field, name] of uses) {
    const other = seen.get(name);
    if (other) throw wrong(field, `${name} is in ${other} already`);
    if (isOurBridge(name)) throw wrong(field, `${name} is the name of a bridge that the plugin makes`);
    seen.set(name, field);
  }
}

function wrong(field: string, why: string): DpuError {
  return new DpuError('INVALID_ARGUMENT', `settings.${field}: ${why}`);
}
