/**
 * The links that there shall be, and the `ip` commands that lead there from the links that there are. Pure, so that
 * every case is a unit test, and the same for a change, a restart and a link that someone deleted.
 */
import type { IpText, Link } from '@dpu-operator/sdk/linux';
import { OURS } from './names.ts';

export type LinksByName = ReadonlyMap<string, Link>;

export interface Pair {
  /** What a pod is given. */
  pod: string;
  mac: string;
}

export interface Tunnel {
  vni: number;
  port: number;
  local: string;
  remote: string;
}

export interface Bridge {
  mac: string;
  /** Name of the object that it was made for: its alias, by which a successor of this process knows it. */
  owner?: string | undefined;
}

export interface Port {
  /** The bridge that it is on; none where undefined. */
  bridge: string | undefined;
  /** Exchanges no frames with other isolated ports of its bridge. */
  isolated?: boolean;
  /** As that of a bridge; undefined leaves the alias as it is. */
  owner?: string;
}

export interface LinkPlan {
  /** Veth pairs by the name of the end that stays on the node. */
  pairs: ReadonlyMap<string, Pair>;
  tunnels: ReadonlyMap<string, Tunnel>;
  bridges: ReadonlyMap<string, Bridge>;
  /** Links on bridges, in the order in which they are put there. One that does not exist is put there when it does. */
  ports: ReadonlyMap<string, Port>;
  /** Whether a link that is none of these is deleted. */
  deletes(link: Link): boolean;
  /** Whether a link that is no port is taken off a bridge of ours. */
  releases(link: Link): boolean;
}

/** A tunnel takes 50 bytes of the 1500 of an ordinary network; all links keep to the same, so that pods see no difference. */
const MTU = 1450;

/**
 * Ports leave their bridges before any is put on another, so that at no moment frames find a way that neither the old
 * nor the new order has.
 */
export function commandsFor(plan: LinkPlan, links: LinksByName): IpText[] {
  const { pairs, tunnels, bridges, ports } = plan;
  const surplus = [...links.values()].filter((link) => isSurplus(link, plan));
  const kept = new Map([...links].filter(([, link]) => !surplus.includes(link)));
  const missing = <T>(all: ReadonlyMap<string, T>) => [...all].filter(([name]) => !kept.has(name));
  const isThere = (name: string) => kept.has(name) || pairs.has(name) || tunnels.has(name);
  return [
    ...[...kept.values()].flatMap((link) => leave(link, plan)),
    ...surplus.map(({ name }) => `link del ${name}`),
    ...missing(bridges).flatMap(([name, { mac }]) => makeBridge(name, mac)),
    ...missing(tunnels).flatMap(([name, tunnel]) => [makeTunnel(name, tunnel), ...raise(name)]),
    ...missing(pairs).flatMap(([name, pair]) => [makePair(name, pair), ...raise(name)]),
    ...[...bridges].flatMap(([name, { owner }]) => sign(name, owner, kept)),
    ...[...ports].filter(([name]) => isThere(name)).flatMap(([name, port]) => enter(name, port, kept)),
  ];
}

function isSurplus(link: Link, plan: LinkPlan): boolean {
  const { name, kind, vxlan } = link;
  const tunnel = kind === 'vxlan' ? plan.tunnels.get(name) : undefined;
  if (tunnel) return tunnel.vni !== vxlan?.vni || tunnel.port !== vxlan.port || tunnel.remote !== vxlan.remote;
  if (kind === 'bridge' && plan.bridges.has(name)) return false;
  if (kind === 'veth' && plan.pairs.has(name)) return false;
  return plan.deletes(link);
}

/** Only off bridges of ours, whether or not they stay. */
function leave(link: Link, plan: LinkPlan): IpText[] {
  const { name, masterName, alias } = link;
  const port = plan.ports.get(name);
  if (!port && !plan.releases(link)) return [];
  const commands: IpText[] = [];
  if (masterName?.startsWith(OURS) && masterName !== port?.bridge) commands.push(`link set ${name} nomaster`);
  if (!port && alias !== undefined && name.startsWith(OURS)) commands.push(`link set ${name} alias ""`);
  return commands;
}

function enter(name: string, { bridge, isolated, owner }: Port, kept: LinksByName): IpText[] {
  const commands = sign(name, owner, kept);
  const masterName = kept.get(name)?.masterName;
  // A link that is on someone else's bridge is theirs.
  const isFree = masterName === undefined || masterName.startsWith(OURS);
  if (bridge === undefined || bridge === masterName || !isFree) return commands;
  commands.push(`link set ${name} master ${bridge}`);
  if (isolated) commands.push(`link set ${name} type bridge_slave isolated on`);
  return commands;
}

function sign(name: string, owner: string | undefined, kept: LinksByName): IpText[] {
  const isSigned = owner === undefined || kept.get(name)?.alias === owner;
  return isSigned ? [] : [['link', 'set', name, 'alias', owner]];
}

/** The node itself has no part in what passes: no address of its own, no answers to ARP. */
function makeBridge(name: string, mac: string): IpText[] {
  return [
    `link add ${name} address ${mac} mtu ${MTU} type bridge mcast_snooping 0`,
    `link set ${name} addrgenmode none`,
    `link set ${name} arp off up`,
  ];
}

/** There is one other end, so nothing is to be learned about where an address lives. */
function makeTunnel(name: string, { vni, port, local, remote }: Tunnel): IpText {
  return `link add ${name} mtu ${MTU} type vxlan id ${vni} local ${local} remote ${remote} dstport ${port} nolearning`;
}

function makePair(name: string, { pod, mac }: Pair): IpText {
  return `link add ${pod} address ${mac} mtu ${MTU} type veth peer name ${name} mtu ${MTU}`;
}

const raise = (name: string): IpText[] => [`link set ${name} addrgenmode none`, `link set ${name} up`];
