/**
 * Which bridges there are and what is on them.
 *
 *     host ports ─ acme-hosts ─ uplink                                             without network functions
 *     host ports ─ acme-hosts ─[in f1 out]─ acme-hop ─[in f2 out]─ acme-outside ─ uplink     with a chain of two
 *
 * Functions that stand by themselves lead from `acme-hosts` to `acme-outside` side by side, and so do several chains;
 * their ports there are isolated from each other, or two that bridge would be a loop. A logical bridge is a
 * bridge of its own with no way outside: without VLANs an uplink could not tell them apart.
 */
import { type BridgePort, logicalBridgesOf, type NetworkFunction, type Wanted } from '@dpu-operator/sdk';
import type { Port } from './link-plan.ts';
import { HOSTS, hops, lans, OUTSIDE, representors, vfOfBridgePort } from './names.ts';

export interface Layout {
  /** By name, with the object that each is made for, if it is one object. */
  bridges: Map<string, string | undefined>;
  ports: Map<string, Port>;
}

export interface LayoutOptions {
  uplink: string;
  /** Hosts have no way outside but by network functions, also while there is none. */
  isClosed: boolean;
  /** Name of the node's end of the device that has a MAC. */
  functionPort: (mac: string) => string;
}

/** Of what `faultOf` finds nothing wrong with. */
export function layOut(wanted: Wanted, { uplink, isClosed, functionPort }: LayoutOptions): Layout {
  const bridges = new Map<string, string | undefined>();
  const ports = new Map<string, Port>();
  const put = (name: string, bridge: string, owner: string) =>
    ports.set(name, { bridge, isolated: bridge === HOSTS || bridge === OUTSIDE, owner });
  const chain = (owner: string, functions: readonly NetworkFunction[]) => {
    let before = HOSTS;
    for (const { input, output } of functions) {
      const out = functionPort(output);
      const after = output === functions.at(-1)?.output ? OUTSIDE : hopBehind(out);
      put(functionPort(input), before, owner);
      put(out, after, owner);
      if (after !== OUTSIDE) bridges.set(after, owner);
      before = after;
    }
  };
  for (const { name, vlanId } of wanted.logicalBridges.values()) bridges.set(lans.name(vlanId), name);
  for (const port of wanted.bridgePorts.values()) {
    ports.set(representors.name(vfOfBridgePort(port.name)), { bridge: bridgeOf(port, wanted), owner: port.name });
  }
  for (const [name, nf] of wanted.networkFunctions) chain(name, [nf]);
  for (const [name, { networkFunctions }] of wanted.serviceChains) chain(name, networkFunctions);
  const hasFunctions = wanted.networkFunctions.size + wanted.serviceChains.size > 0;
  const hasDefault = [...ports.values()].some(({ bridge }) => bridge === HOSTS);
  if (hasDefault) ports.set(uplink, { bridge: hasFunctions || isClosed ? OUTSIDE : HOSTS });
  for (const { bridge } of ports.values()) {
    if (bridge !== undefined && !bridges.has(bridge)) bridges.set(bridge, undefined);
  }
  return { bridges, ports };
}

const hopBehind = (port: string) => hops.name(Number(/\d+$/.exec(port)?.[0]));

/**
 * None for a trunk of several bridges: without VLANs its frames cannot be told apart, so none pass, and its status says
 * so.
 */
function bridgeOf(port: BridgePort, wanted: Wanted): string | undefined {
  if (port.logicalBridges.length > 1) return undefined;
  const [bridge] = logicalBridgesOf(wanted, port);
  return bridge ? lans.name(bridge.vlanId) : HOSTS;
}
