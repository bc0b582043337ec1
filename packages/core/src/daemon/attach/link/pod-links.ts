/**
 * The kernel's part of an attachment. A device enters a pod by one message to the kernel, which moves, names, sets and
 * raises it: no kill can come between those steps, and the wait of a namespace move is paid once. A step that the kernel
 * refuses leaves the earlier ones done.
 */
import { DpuError } from '@dpu-operator/sdk';
import {
  interfaceIndex,
  type Link,
  type LinkProperties,
  Netlink,
  NetworkNamespace,
  type Route,
} from '@dpu-operator/sdk/linux';
import type { IpamResult } from '../result.ts';
import { identityOf, type LinkIdentity, sameDevice } from './link-identity.ts';
import { moveLink } from './move-link.ts';

export interface MoveIntoPod {
  /** The netdev's name in the daemon's namespace. */
  device: string;
  netns: string;
  ifName: string;
  /** Undefined leaves it as it is. */
  mac?: string | undefined;
  mtu?: number | undefined;
}

export interface PodInterface {
  netns: string;
  ifName: string;
  mac: string;
}

/** What a device is given back in the daemon's namespace. */
export interface HostProperties {
  name: string;
  mac: string;
  mtu: number;
}

export interface MoveToHost extends HostProperties {
  netns: string;
  identity: LinkIdentity;
  /** Called when the kernel is at work: what else there is to do costs no time from here on. */
  onMoving?: (() => void) | undefined;
}

/** While the kernel does one move, the next one waits within it: it loses no time, and not its place to others. */
const movesAtOnce = 2;

export class PodLinks {
  /** For all but moves, so that nothing short waits for those. */
  #here: Netlink | undefined;
  readonly #movers: Netlink[] = [];
  #moves = 0;

  /** False for a namespace of another kind: all that is done in it would fail, undoing included. */
  isPodNetns(netns: string): boolean {
    const pod = openIfThere(netns);
    pod?.close();
    return pod !== undefined;
  }

  /** Of a device in the daemon's namespace. @throws DpuError NOT_FOUND */
  async identify(device: string): Promise<LinkIdentity> {
    const link = await this.#home.findLinkProperties(device);
    if (link?.name !== device) throw new DpuError('NOT_FOUND', `there is no network interface ${device} on this node`);
    return identityOf(link);
  }

  /**
   * @throws DpuError ALREADY_EXISTS when the pod has an interface of that name, NOT_FOUND without device or namespace.
   * The device may be in the pod nevertheless.
   */
  async moveIntoPod({ device, netns, ifName, mac, mtu }: MoveIntoPod): Promise<void> {
    const index = interfaceIndex(device);
    if (index === undefined) throw new DpuError('NOT_FOUND', `there is no network interface ${device} on this node`);
    const namespace = NetworkNamespace.open(netns);
    try {
      const target = { namespace, open: () => new Netlink(netns) };
      await moveLink(this.#nextMover(), { index, name: device }, target, { name: ifName, mac, mtu, up: true });
    } finally {
      namespace.close();
    }
  }

  /**
   * Takes the device back, down and as it was; its addresses and routes vanish with the move.
   *
   * @throws DpuError ALREADY_EXISTS while another interface of the node has its name
   */
  async moveToHost({ netns, identity, onMoving, name, mac, mtu }: MoveToHost): Promise<'moved' | 'absent'> {
    const pod = openIfThere(netns);
    if (!pod) return 'absent';
    try {
      const link = await findIn(pod, identity);
      if (!link) return 'absent';
      const target = { namespace: NetworkNamespace.home, open: () => new Netlink() };
      const moved = moveLink(pod, link, target, { name, mac, mtu, up: false });
      onMoving?.();
      await moved;
      return 'moved';
    } finally {
      pod.close();
    }
  }

  /** A device that is in the daemon's namespace. */
  async findHere(identity: LinkIdentity): Promise<Link | undefined> {
    const link = await find(this.#home, identity, undefined);
    return link && this.#home.findLink(link.index);
  }

  /** A device that is in a pod; undefined also where the namespace is gone. */
  async findInPod(netns: string, identity: LinkIdentity): Promise<Link | undefined> {
    const pod = openIfThere(netns);
    if (!pod) return undefined;
    try {
      const link = await findIn(pod, identity);
      return link && (await pod.findLink(link.index));
    } finally {
      pod.close();
    }
  }

  /** Whatever has that name. @throws DpuError NOT_FOUND without the namespace */
  async find(netns: string, ifName: string): Promise<Link | undefined> {
    const pod = new Netlink(netns);
    try {
      const link = await pod.findLink(ifName);
      return link?.name === ifName ? link : undefined;
    } finally {
      pod.close();
    }
  }

  /** Of all tables, over whatever links. @throws DpuError NOT_FOUND without the namespace */
  async routes(netns: string): Promise<Route[]> {
    const pod = new Netlink(netns);
    try {
      return await pod.listRoutes();
    } finally {
      pod.close();
    }
  }

  /** Gives a device that is in the daemon's namespace the properties that it had before. @throws DpuError */
  async reset(device: string, properties: HostProperties): Promise<void> {
    const link = await this.#home.findLinkProperties(device);
    if (link?.name !== device) throw new DpuError('NOT_FOUND', `there is no network interface ${device} on this node`);
    await this.#home.changeLink(link.index, { up: false });
    if (link.altNames?.includes(properties.name)) await this.#home.removeAltNames(link.index, [properties.name]);
    await this.#home.changeLink(link.index, properties);
  }

  /**
   * Addresses, then routes; a route without a gateway takes the one of its family's first address. The neighbours are
   * told, since they may know an address of another pod.
   */
  async configure({ netns, ifName, mac }: PodInterface, { ips, routes }: IpamResult): Promise<void> {
    const pod = new Netlink(netns);
    try {
      const index = pod.indexOf(ifName);
      if (index === undefined) throw new DpuError('NOT_FOUND', `there is no interface ${ifName} in ${netns}`);
      if (ips.some(({ address }) => isV6(address))) pod.enableIpv6(ifName);
      const addresses = ips.map(({ address }) => address);
      await pod.configure(
        index,
        addresses,
        routes.map(({ dst, gw, priority, table, scope, mtu, advmss }) => ({
          destination: dst,
          gateway: gw ?? ips.find((ip) => ip.gateway && isV6(ip.address) === isV6(dst))?.gateway,
          metric: priority,
          table,
          scope,
          mtu,
          advmss,
        })),
      );
      announce(pod, index, mac, addresses);
    } finally {
      pod.close();
    }
  }

  close(): void {
    this.#here?.close();
    this.#here = undefined;
    for (const mover of this.#movers.splice(0)) mover.close();
  }

  /** They take turns. */
  #nextMover(): Netlink {
    const turn = this.#moves % movesAtOnce;
    this.#moves += 1;
    this.#movers[turn] ??= new Netlink();
    return this.#movers[turn];
  }

  get #home(): Netlink {
    this.#here ??= new Netlink();
    return this.#here;
  }
}

const isV6 = (address: string): boolean => address.includes(':');

/** Neighbours that miss it ask once what they know has aged: no reason to fail. */
function announce(pod: Netlink, index: number, mac: string, addresses: readonly string[]): void {
  try {
    pod.announce(index, mac, addresses);
  } catch {
    // The pod took the interface down meanwhile, or its device has no MAC.
  }
}

function openIfThere(netns: string): Netlink | undefined {
  try {
    return new Netlink(netns);
  } catch (error) {
    // None, or one of another kind: no device can be in it.
    if (['NOT_FOUND', 'INVALID_ARGUMENT'].includes(DpuError.from(error).code)) return undefined;
    throw error;
  }
}

/** Of no namespace: links of the pod that hang on something of the host are there as soon as it has a number. */
const noNumber = -1;

async function findIn(pod: Netlink, identity: LinkIdentity): Promise<LinkProperties | undefined> {
  return find(pod, identity, (await pod.netnsId(NetworkNamespace.home.fd)) ?? noNumber);
}

/** Most devices keep their ifindex. */
async function find(
  links: Netlink,
  identity: LinkIdentity,
  hostNetnsId: number | undefined,
): Promise<LinkProperties | undefined> {
  const usual = await links.findLinkProperties(identity.ifindex);
  if (usual && sameDevice(identity, usual, hostNetnsId)) return usual;
  return (await links.listLinkProperties()).find((link) => sameDevice(identity, link, hostNetnsId));
}
