/**
 * The links that there shall be, and the `ip` commands that lead there from the links that there are. Pure, so that
 * every case is a unit test, and the same for a change, a restart and a link that someone deleted.
 */
import type { IpCommand, Link } from '@dpu-operator/sdk/linux';

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

export interface Port {
  /** The bridge that it is on; none where undefined. */
  bridge?: string;
  /** Exchanges no frames with other isolated ports of its bridge. */
  isolated?: boolean;
  /** What to remember by it; the empty text is nothing, undefined leaves what there is. */
  alias?: string;
}

export interface Wanted {
  /** Veth pairs by the name of the end that stays on the node. */
  pairs: ReadonlyMap<string, Pair>;
  tunnels: ReadonlyMap<string, Tunnel>;
  bridges: ReadonlyMap<string, { mac: string; alias?: string }>;
  /** Links on bridges, in the order in which they are put there. One that does not exist is put there when it does. */
  ports: ReadonlyMap<string, Port>;
  /** The links that are this side's to delete. */
  owns(link: Link): boolean;
  /** The links that are this side's to put on bridges. */
  places(name: string): boolean;
}

/** A tunnel takes 50 bytes of the 1500 of an ordinary network; all links keep to the same, so that pods see no difference. */
const MTU = 1450;

/**
 * Ports leave their bridges before any is put on another, so that at no moment frames find a way that neither the old
 * nor the new order has.
 */
export function commandsFor(wanted: Wanted, links: LinksByName): IpCommand[] {
  const { pairs, tunnels, bridges, ports } = wanted;
  const surplus = [...links.values()].filter((link) => wanted.owns(link) && !isWanted(link, wanted));
  const kept = new Map([...links].filter(([, link]) => !surplus.includes(link)));
  const missing = <T>(all: ReadonlyMap<string, T>) => [...all].filter(([name]) => !kept.has(name));
  const isThere = (name: string) => kept.has(name) || pairs.has(name) || tunnels.has(name);
  return [
    ...[...kept.values()].flatMap((link) => leave(link, wanted)),
    ...surplus.map(({ name }) => `link del ${name}`),
    ...missing(bridges).flatMap(([name, { mac }]) => makeBridge(name, mac)),
    ...missing(tunnels).flatMap(([name, tunnel]) => [makeTunnel(name, tunnel), ...raise(name)]),
    ...missing(pairs).flatMap(([name, pair]) => [makePair(name, pair), ...raise(name)]),
    ...[...bridges].flatMap(([name, { alias }]) => remember(name, alias, kept)),
    ...[...ports].filter(([name]) => isThere(name)).flatMap(([name, port]) => enter(name, port, kept)),
  ];
}

function isWanted(link: Link, { pairs, tunnels, bridges }: Wanted): boolean {
  const { name, kind, vxlan } = link;
  if (kind === 'bridge') return bridges.has(name);
  if (kind === 'veth') return pairs.has(name);
  const tunnel = tunnels.get(name);
  return tunnel?.vni === vxlan?.vni && tunnel?.port === vxlan?.port && tunnel?.remote === vxlan?.remote;
}

/** Only off bridges of ours, whether or not they stay. */
function leave({ name, masterName, alias }: Link, { ports, places }: Wanted): IpCommand[] {
  if (!places(name)) return [];
  const port = ports.get(name);
  const leaves = masterName?.startsWith('acme-') && port?.bridge !== masterName;
  const forgets = alias !== undefined && !port && name.startsWith('acme-');
  return [...(leaves ? [`link set ${name} nomaster`] : []), ...(forgets ? [`link set ${name} alias ""`] : [])];
}

function enter(name: string, { bridge, isolated, alias }: Port, kept: LinksByName): IpCommand[] {
  const masterName = kept.get(name)?.masterName;
  // A link that is on someone else's bridge is theirs.
  const isFree = masterName === undefined || (masterName.startsWith('acme-') && masterName !== bridge);
  const joins = bridge !== undefined && isFree;
  return [
    ...(joins ? [`link set ${name} master ${bridge}`] : []),
    ...(joins && isolated ? [`link set ${name} type bridge_slave isolated on`] : []),
    ...remember(name, alias, kept),
  ];
}

function remember(name: string, alias: string | undefined, kept: LinksByName): IpCommand[] {
  if (alias === undefined || (kept.get(name)?.alias ?? '') === alias) return [];
  return [alias === '' ? `link set ${name} alias ""` : ['link', 'set', name, 'alias', alias]];
}

/** The node itself has no part in what passes: no address of its own, no answers to ARP. */
function makeBridge(name: string, mac: string): IpCommand[] {
  return [
    `link add ${name} address ${mac} mtu ${MTU} type bridge mcast_snooping 0`,
    `link set ${name} addrgenmode none`,
    `link set ${name} arp off up`,
  ];
}

/** There is one other end, so nothing is to be learned about where an address lives. */
function makeTunnel(name: string, { vni, port, local, remote }: Tunnel): IpCommand {
  return `link add ${name} mtu ${MTU} type vxlan id ${vni} local ${local} remote ${remote} dstport ${port} nolearning`;
}

function makePair(name: string, { pod, mac }: Pair): IpCommand {
  return `link add ${pod} address ${mac} mtu ${MTU} type veth peer name ${name} mtu ${MTU}`;
}

const raise = (name: string): IpCommand[] => [`link set ${name} addrgenmode none`, `link set ${name} up`];
