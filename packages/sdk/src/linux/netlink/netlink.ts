/** The kernel's network configuration of one namespace. */
import { randomInt } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { DpuError } from '../../errors.ts';
import { omitUndefined } from '../../omit-undefined.ts';
import type { LinkCommand, NewLink } from '../links/ip-commands.ts';
import type { Link, LinkAddress } from '../links/link.ts';
import { fileError } from './kernel/kernel-error.ts';
import { interfaceIndex } from './kernel/libc.ts';
import { NetworkNamespace } from './kernel/namespace.ts';
import { sendFrames } from './kernel/packet-socket.ts';
import { NetlinkSocket } from './kernel/socket.ts';
import { addAddressRequest, decodeAddress, deleteAddressRequest, listAddressesRequest } from './messages/addresses.ts';
import { announcementOf } from './messages/announcement.ts';
import { type BridgeMode, setBridgeModeRequest } from './messages/bridge-mode.ts';
import {
  altNamesRequest,
  changeLinkRequest,
  createLinkRequest,
  decodeLink,
  deleteGroupRequest,
  deleteLinkRequest,
  getLinkRequest,
  joinGroupRequest,
  type LinkChanges,
  type LinkProperties,
  type LinkReference,
  linkCommandRequest,
  listLinksRequest,
} from './messages/links.ts';
import {
  type BridgeForwarding,
  decodeForwarding,
  decodeNeighbour,
  deleteForwardingRequest,
  deleteNeighbourRequest,
  listForwardingRequest,
  listNeighboursRequest,
  type Neighbour,
  setForwardingRequest,
  setNeighbourRequest,
} from './messages/neighbours.ts';
import { decodeNetnsId, netnsIdRequest } from './messages/netns-id.ts';
import {
  appendRouteRequest,
  decodeRoutes,
  deleteRouteRequest,
  listRoutesRequest,
  type Route,
} from './messages/routes.ts';
import { decodeVfs, listVfsRequest, setVfRequest, type Vf, type VfSettings } from './messages/vf.ts';

/** Groups that administrators name are far below. Of so many, two processes do not take the same. */
const groups = [2 ** 30, 2 ** 31] as const;

/**
 * Links, addresses, routes, neighbours and VFs of one network namespace, over one netlink socket: no program is
 * started. Requests are done in their order.
 *
 * @example
 * const pod = new Netlink('/var/run/netns/cni-1234');
 * try {
 *   const eth0 = await pod.findLink('eth0');
 *   if (eth0) await pod.changeLink(eth0.index, { mtu: 1400, up: true });
 * } finally {
 *   pod.close();
 * }
 */
export class Netlink {
  readonly #namespace: NetworkNamespace;
  readonly #socket: NetlinkSocket;

  /**
   * @param netns path of a network namespace. Default: that of this process.
   * @throws DpuError NOT_FOUND without the namespace, RESOURCE_EXHAUSTED without file descriptors, UNIMPLEMENTED where
   * the native module is not installed
   */
  constructor(netns?: string) {
    this.#namespace = netns === undefined ? NetworkNamespace.home : NetworkNamespace.open(netns);
    try {
      this.#socket = NetlinkSocket.open(this.#namespace);
    } catch (error) {
      this.#namespace.close();
      throw error;
    }
  }

  /** With its addresses. A name may be an alternative one. */
  async findLink(link: LinkReference): Promise<Link | undefined> {
    const found = await this.findLinkProperties(link);
    if (!found) return undefined;
    const peer = found.linkNetnsId === undefined ? found.peer?.index : undefined;
    const others = [found.masterIndex, peer].filter((index) => index !== undefined);
    const neighbours = await Promise.all(others.map((index) => this.findLinkProperties(index)));
    return withNeighbours(found, namesOf(present(neighbours)), await this.#addresses(found.index));
  }

  /** Of the link of that very name, which is no alternative one: without a wait for the kernel's network lock. */
  indexOf(name: string): number | undefined {
    return this.#namespace.run(() => interfaceIndex(name));
  }

  /** By one request. A name may be an alternative one. */
  async findLinkProperties(link: LinkReference): Promise<LinkProperties | undefined> {
    // No link has it; to the kernel it says that there is a name.
    if (link === 0) return undefined;
    try {
      return (await this.#socket.lookUp(getLinkRequest(link))).map(decodeLink)[0];
    } catch (error) {
      if (error instanceof DpuError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  async listLinkProperties(): Promise<LinkProperties[]> {
    return (await this.#socket.dump(listLinksRequest())).map(decodeLink);
  }

  /** With their addresses. */
  async listLinks(): Promise<Link[]> {
    const links = await this.listLinkProperties();
    const addresses = Map.groupBy(await this.#addresses(0), ({ index }) => index);
    const names = namesOf(links);
    return links.map((link) => withNeighbours(link, names, addresses.get(link.index) ?? []));
  }

  /**
   * All changes in one message to the kernel. With `netnsFd` the link moves first; the rest is done there.
   *
   * @throws DpuError NOT_FOUND without the link, ALREADY_EXISTS for a name in use, PERMISSION_DENIED, INVALID_ARGUMENT.
   * What the kernel had done before it refused stays done.
   */
  async changeLink(index: number, changes: LinkChanges): Promise<void> {
    await this.#socket.request(changeLinkRequest(index, changes));
  }

  /** Some changes in one message to the kernel. Answers what it said to those that it refused, in their places. */
  changeLinks(commands: readonly LinkCommand[]): Promise<(DpuError | undefined)[]> {
    return this.#socket.attempt(commands.map(linkCommandRequest));
  }

  /** @throws DpuError ALREADY_EXISTS */
  async createLink(link: NewLink): Promise<void> {
    await this.#socket.request(createLinkRequest(link));
  }

  async deleteLink(index: number): Promise<void> {
    await this.#socket.request(deleteLinkRequest(index));
  }

  /**
   * Removes links together: for each that goes by itself, the kernel waits until nothing uses it any more, and lets nobody
   * else change a link meanwhile. Answers what it said to those that it refused, in their places.
   */
  async deleteLinks(links: readonly LinkReference[]): Promise<(DpuError | undefined)[]> {
    const group = randomInt(...groups);
    const refused = await this.#socket.attempt(links.map((link) => joinGroupRequest(link, group)));
    if (refused.every((error) => error !== undefined)) return refused;
    const [failed] = await this.#socket.attempt([deleteGroupRequest(group)]);
    if (!failed) return refused;
    // One of them stands for all; by itself, each is told for what it is.
    const answers = await this.#socket.attempt(links.map(deleteLinkRequest));
    const stay = links.filter((_, place) => answers[place] && !refused[place] && answers[place].code !== 'NOT_FOUND');
    await this.#socket.attempt(stay.map((link) => joinGroupRequest(link, 0)));
    return answers;
  }

  async addAltNames(index: number, names: readonly string[]): Promise<void> {
    await this.#socket.request(altNamesRequest('add', index, names));
  }

  async removeAltNames(index: number, names: readonly string[]): Promise<void> {
    await this.#socket.request(altNamesRequest('remove', index, names));
  }

  /** @param address with its prefix length; an IPv6 address is usable at once */
  async addAddress(index: number, address: string): Promise<void> {
    await this.#socket.request(addAddressRequest(index, address));
  }

  async deleteAddress(index: number, address: string): Promise<void> {
    await this.#socket.request(deleteAddressRequest(index, address));
  }

  /**
   * Addresses, then routes, in one message to the kernel.
   *
   * @throws DpuError the first that was refused; the others are made all the same
   */
  async configure(index: number, addresses: readonly string[], routes: readonly Omit<Route, 'link'>[]): Promise<void> {
    await this.#socket.request(
      ...addresses.map((address) => addAddressRequest(index, address)),
      ...routes.map((route) => appendRouteRequest({ ...route, link: index })),
    );
  }

  /** Where there is the same route already, the earlier one wins. */
  async appendRoute(route: Route): Promise<void> {
    await this.#socket.request(appendRouteRequest(route));
  }

  async deleteRoute(route: Route): Promise<void> {
    await this.#socket.request(deleteRouteRequest(route));
  }

  /** Unicast routes of all tables; one with several ways is there once for each. */
  async listRoutes(): Promise<Route[]> {
    return (await this.#socket.dump(listRoutesRequest())).flatMap(decodeRoutes);
  }

  /** For good, in place of what was known of the address. */
  async setNeighbour(neighbour: Neighbour): Promise<void> {
    await this.#socket.request(setNeighbourRequest(neighbour));
  }

  async deleteNeighbour(neighbour: Omit<Neighbour, 'mac'>): Promise<void> {
    await this.#socket.request(deleteNeighbourRequest(neighbour));
  }

  async listNeighbours(): Promise<Neighbour[]> {
    return present((await this.#socket.dump(listNeighboursRequest())).map(decodeNeighbour));
  }

  /** In the bridge that the port belongs to. */
  async setForwarding(entry: BridgeForwarding): Promise<void> {
    await this.#socket.request(setForwardingRequest(entry));
  }

  async deleteForwarding(entry: BridgeForwarding): Promise<void> {
    await this.#socket.request(deleteForwardingRequest(entry));
  }

  async listForwarding(): Promise<BridgeForwarding[]> {
    return present((await this.#socket.dump(listForwardingRequest())).map(decodeForwarding));
  }

  /** @throws DpuError NOT_FOUND without the PF */
  async listVfs(pf: LinkReference): Promise<Vf[]> {
    return (await this.#socket.request(listVfsRequest(pf))).flatMap(decodeVfs);
  }

  /**
   * @throws DpuError what the driver refused; those of the settings that came before it are made
   */
  async setVf(pf: LinkReference, vf: number, settings: VfSettings): Promise<void> {
    await this.#socket.request(setVfRequest(pf, vf, settings));
  }

  /**
   * How frames between functions of one card go.
   *
   * @throws DpuError NOT_FOUND without the PF, UNIMPLEMENTED where its driver has no such modes
   */
  async setBridgeMode(pf: LinkReference, mode: BridgeMode): Promise<void> {
    const index = typeof pf === 'number' ? pf : (await this.findLinkProperties(pf))?.index;
    if (index === undefined) throw new DpuError('NOT_FOUND', `there is no link ${pf}`);
    await this.#socket.request(setBridgeModeRequest(index, mode));
  }

  /** By which number this namespace's links name the namespace of an open file; undefined where none of them does. */
  async netnsId(fd: number): Promise<number | undefined> {
    return (await this.#socket.request(netnsIdRequest(fd))).map(decodeNetnsId)[0];
  }

  /** Lets a link have IPv6 addresses where the namespace does not by default. */
  enableIpv6(link: string): void {
    const path = `/proc/sys/net/ipv6/conf/${link}/disable_ipv6`;
    this.#namespace.run(() => {
      try {
        if (readFileSync(path, 'utf8').trim() !== '0') writeFileSync(path, '0');
      } catch (error) {
        throw fileError(error, `enable IPv6 on ${link}`);
      }
    });
  }

  /** Tells the neighbours of a link that is up at which MAC its addresses are now. */
  announce(index: number, mac: string, addresses: readonly string[]): void {
    const frames = addresses.map((address) => announcementOf(address, mac));
    this.#namespace.run(() => sendFrames(index, frames));
  }

  close(): void {
    this.#socket.close();
    this.#namespace.close();
  }

  async #addresses(index: number) {
    return present((await this.#socket.dump(listAddressesRequest(index))).map(decodeAddress));
  }
}

/**
 * @param names by index; among them that of its master, and of its peer where that is in the same namespace
 * @param addresses of this link
 */
function withNeighbours(
  { masterIndex, ...link }: LinkProperties,
  names: ReadonlyMap<number, string>,
  addresses: readonly (LinkAddress & { index: number })[],
): Link {
  const nameOf = (index: number | undefined) => (index === undefined ? undefined : names.get(index));
  const peer = link.peer && {
    ...link.peer,
    name: link.linkNetnsId === undefined ? nameOf(link.peer.index) : undefined,
  };
  return omitUndefined({
    ...link,
    peer: peer && omitUndefined(peer),
    masterName: nameOf(masterIndex),
    addresses: addresses.map(({ index: _, ...address }) => address),
  });
}

function namesOf(links: readonly LinkProperties[]): Map<number, string> {
  return new Map(links.map(({ index, name }) => [index, name]));
}

function present<T>(values: readonly (T | undefined)[]): T[] {
  return values.filter((value) => value !== undefined);
}
