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

/** Bits of the address that the channel's interface gets. */
export const channelPrefixLength = 24;

/** What both sides answer to Init: where the daemon on the DPU side listens. */
export function daemonAddress({ channel }: Settings): IpPort {
  return { ip: channel.dpuAddress, port: channel.port };
}

/**
 * What no schema can say: that no interface is kept for two things.
 *
 * @throws DpuError INVALID_ARGUMENT naming the setting
 */
export function checkSettings({ representors, functionDevices, uplink }: Settings): void {
  const uses: [field: string, name: string][] = [
    ['uplink.primary', uplink.primary],
    ['uplink.secondary', uplink.secondary],
    ...representors.hosts.map((name): [string, string] => ['representors.hosts', name]),
    ...representors.functions.flat().map((name): [string, string] => ['representors.functions', name]),
    ...functionDevices.map((name): [string, string] => ['functionDevices', name]),
  ];
  const seen = new Map<string, string>();
  for (const [field, name] of uses) {
    const other = seen.get(name);
    if (other) throw new DpuError('INVALID_ARGUMENT', `settings.${field}: ${name} is in ${other} already`);
    seen.set(name, field);
  }
}
