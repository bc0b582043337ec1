/** Links as rtnetlink writes them: linux/if_link.h, linux/rtnetlink.h `struct ifinfomsg`. */
import { omitUndefined } from '../../../omit-undefined.ts';
import type { LinkCommand, NewLink } from '../../links/ip-commands.ts';
import type { Link } from '../../links/link.ts';
import { addressBytes, addressText } from './addresses.ts';
import { Attributes, attribute, eachAttribute, nested, text, u32, untilNul } from './attributes.ts';
import { type Message, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, type Request } from './messages.ts';
import { checkLinkName, isLongName, macBytes, macText } from './names.ts';

/** linux/rtnetlink.h */
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
export const RTM_SETLINK = 19;
const RTM_DELLINKPROP = 109;
const RTM_NEWLINKPROP = 108;

/** linux/if.h */
const IFF_UP = 0x1;
const IFF_LOWER_UP = 0x10000;

/** linux/if_link.h enum IFLA_* */
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_GROUP = 27;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_LINK_NETNSID = 37;
const IFLA_NEW_NETNSID = 45;
const IFLA_NEW_IFINDEX = 49;
const IFLA_PROP_LIST = 52;
const IFLA_ALT_IFNAME = 53;
const IFLA_PERM_ADDRESS = 54;
const IFLA_PARENT_DEV_NAME = 56;
const IFLA_PARENT_DEV_BUS_NAME = 57;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const VETH_INFO_PEER = 1;
const IFLA_VXLAN_ID = 1;
const IFLA_VXLAN_GROUP = 2;
const IFLA_VXLAN_LOCAL = 4;
const IFLA_VXLAN_LEARNING = 7;
const IFLA_VXLAN_PORT = 15;
const IFLA_VXLAN_GROUP6 = 16;
const IFLA_VXLAN_LOCAL6 = 17;

/** linux/rtnetlink.h RTEXT_FILTER_*: what a link's answer has beside the rest */
export const RTEXT_FILTER_VF = 1;
const RTEXT_FILTER_SKIP_STATS = 8;

export const ifinfomsgLength = 16;

/** A link of a namespace, by what does not change with it or by its name. */
export type LinkReference = number | string;

/** What to change of a link; what is left out stays. */
export interface LinkChanges {
  name?: string | undefined;
  mac?: string | undefined;
  mtu?: number | undefined;
  up?: boolean | undefined;
  /** ifindex of the bridge or bond that it becomes a port of; 0 takes it out of one. */
  master?: number | undefined;
  alias?: string | undefined;
  /** An open file of the namespace that it moves to. The kernel moves first and does the rest there. */
  netnsFd?: number | undefined;
}

function ifinfomsg(index: number, up?: boolean): Buffer {
  const bytes = Buffer.alloc(ifinfomsgLength);
  bytes.writeInt32LE(index, 4);
  bytes.writeUInt32LE(up ? IFF_UP : 0, 8);
  bytes.writeUInt32LE(up === undefined ? 0 : IFF_UP, 12);
  return bytes;
}

/** The head of a message about one link. A name may be an alternative one. */
export function linkSelector(link: LinkReference): Buffer[] {
  if (typeof link === 'number') return [ifinfomsg(link)];
  return [ifinfomsg(0), text(isLongName(link) ? IFLA_ALT_IFNAME : IFLA_IFNAME, link)];
}

/** @param mask RTEXT_FILTER_… */
export function getLinkRequest(link: LinkReference, mask = 0): Request {
  const body = Buffer.concat([...linkSelector(link), u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS | mask)]);
  return { type: RTM_GETLINK, body, what: `find link ${link}` };
}

export function listLinksRequest(): Request {
  const body = Buffer.concat([ifinfomsg(0), u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)]);
  return { type: RTM_GETLINK, body, what: 'list links' };
}

function changeAttributes({ name, mac, mtu, master, alias, netnsFd }: LinkChanges): Buffer[] {
  return [
    ...(netnsFd === undefined ? [] : [u32(IFLA_NET_NS_FD, netnsFd)]),
    ...(name === undefined ? [] : [text(IFLA_IFNAME, checkLinkName(name))]),
    ...(mac === undefined ? [] : [attribute(IFLA_ADDRESS, macBytes(mac))]),
    ...(mtu === undefined ? [] : [u32(IFLA_MTU, mtu)]),
    ...(master === undefined ? [] : [u32(IFLA_MASTER, master)]),
    ...(alias === undefined ? [] : [text(IFLA_IFALIAS, alias)]),
  ];
}

/** All changes in one message. A change that the kernel refuses leaves those before it done. */
export function changeLinkRequest(index: number, changes: LinkChanges): Request {
  const body = Buffer.concat([ifinfomsg(index, changes.up), ...changeAttributes(changes)]);
  const done = changes.netnsFd === undefined ? 'change' : 'move';
  return {
    type: RTM_NEWLINK,
    body,
    what: `${done} link ${index}${changes.name === undefined ? '' : ` to ${changes.name}`}`,
  };
}

export function createLinkRequest({ kind, peer, vxlan, ...changes }: NewLink): Request {
  const data = [...(peer ? [vethPeer(peer)] : []), ...(vxlan ? [vxlanData(vxlan)] : [])];
  const info = nested(IFLA_LINKINFO, text(IFLA_INFO_KIND, kind), ...data);
  const body = Buffer.concat([ifinfomsg(0, changes.up), ...changeAttributes(changes), info]);
  return { type: RTM_NEWLINK, flags: NLM_F_CREATE | NLM_F_EXCL, body, what: `create ${kind} ${changes.name}` };
}

function vethPeer(peer: NonNullable<NewLink['peer']>): Buffer {
  const end = Buffer.concat([ifinfomsg(0), ...changeAttributes(peer)]);
  return nested(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, end));
}

function vxlanData({ vni, port, local, remote }: NonNullable<NewLink['vxlan']>): Buffer {
  const portBytes = Buffer.alloc(2);
  portBytes.writeUInt16BE(port);
  const ends = [addressBytes(local), addressBytes(remote)] as const;
  return nested(
    IFLA_INFO_DATA,
    u32(IFLA_VXLAN_ID, vni),
    attribute(ends[0].length === 4 ? IFLA_VXLAN_LOCAL : IFLA_VXLAN_LOCAL6, ends[0]),
    attribute(ends[1].length === 4 ? IFLA_VXLAN_GROUP : IFLA_VXLAN_GROUP6, ends[1]),
    attribute(IFLA_VXLAN_PORT, portBytes),
    attribute(IFLA_VXLAN_LEARNING, Buffer.from([0])),
  );
}

export function deleteLinkRequest(link: LinkReference): Request {
  return { type: RTM_DELLINK, body: Buffer.concat(linkSelector(link)), what: `delete link ${link}` };
}

/** As a step of their removal. Links are in group 0, unless someone has put them into another one. */
export function joinGroupRequest(link: LinkReference, group: number): Request {
  const body = Buffer.concat([...linkSelector(link), u32(IFLA_GROUP, group)]);
  return { type: RTM_NEWLINK, body, what: `delete link ${link}` };
}

/** Refused as a whole where one of the group cannot be removed by a message. */
export function deleteGroupRequest(group: number): Request {
  const body = Buffer.concat([ifinfomsg(0), u32(IFLA_GROUP, group)]);
  return { type: RTM_DELLINK, body, what: `delete the links of group ${group}` };
}

export function linkCommandRequest(command: LinkCommand): Request {
  if ('create' in command) return createLinkRequest(command.create);
  if ('delete' in command) return deleteLinkRequest(command.delete);
  const { set: name, up } = command;
  const body = Buffer.concat([ifinfomsg(0, up), text(IFLA_IFNAME, checkLinkName(name))]);
  return { type: RTM_NEWLINK, body, what: `set link ${name} ${up ? 'up' : 'down'}` };
}

export function altNamesRequest(action: 'add' | 'remove', index: number, names: readonly string[]): Request {
  const list = nested(IFLA_PROP_LIST, ...names.map((name) => text(IFLA_ALT_IFNAME, name)));
  return {
    type: action === 'add' ? RTM_NEWLINKPROP : RTM_DELLINKPROP,
    ...(action === 'add' && { flags: NLM_F_CREATE | NLM_F_EXCL | NLM_F_APPEND }),
    body: Buffer.concat([ifinfomsg(index), list]),
    what: `${action} alternative names ${names.join(', ')}`,
  };
}

/** What one message says of a link: no addresses, and no name of another link. */
export type LinkProperties = Omit<Link, 'addresses' | 'masterName'> & { masterIndex?: number };

export function decodeLink({ body }: Message): LinkProperties {
  const flags = body.readUInt32LE(8);
  const attributes = new Attributes(body.subarray(ifinfomsgLength));
  const info = attributes.nested(IFLA_LINKINFO);
  const kind = info?.text(IFLA_INFO_KIND);
  const permanent = attributes.bytes(IFLA_PERM_ADDRESS);
  const onPci = attributes.text(IFLA_PARENT_DEV_BUS_NAME) === 'pci';
  const altNames = altNamesOf(attributes.bytes(IFLA_PROP_LIST));
  return omitUndefined({
    name: attributes.text(IFLA_IFNAME) ?? '',
    index: body.readInt32LE(4),
    mac: macText(attributes.bytes(IFLA_ADDRESS) ?? Buffer.alloc(0)),
    mtu: attributes.u32(IFLA_MTU) ?? 0,
    up: (flags & IFF_UP) !== 0,
    running: (flags & IFF_UP) !== 0 && (flags & IFF_LOWER_UP) !== 0,
    kind,
    alias: attributes.text(IFLA_IFALIAS),
    altNames: altNames.length > 0 ? altNames : undefined,
    pciAddress: onPci ? attributes.text(IFLA_PARENT_DEV_NAME) : undefined,
    permanentMac: permanent && macText(permanent),
    masterIndex: attributes.u32(IFLA_MASTER),
    peer: kind === 'veth' ? omitUndefined({ index: attributes.u32(IFLA_LINK) }) : undefined,
    linkNetnsId: attributes.u32(IFLA_LINK_NETNSID),
    vxlan: kind === 'vxlan' ? vxlanOf(info?.nested(IFLA_INFO_DATA)) : undefined,
  });
}

/** Of a notification that a link is no longer here: the kernel says where it went. */
export function isMovedAway({ body }: Message): boolean {
  const attributes = new Attributes(body.subarray(ifinfomsgLength));
  return [IFLA_NEW_NETNSID, IFLA_NEW_IFINDEX].some((type) => attributes.bytes(type) !== undefined);
}

function altNamesOf(list: Buffer | undefined): string[] {
  if (!list) return [];
  return [...eachAttribute(list)].filter(([type]) => type === IFLA_ALT_IFNAME).map(([, value]) => untilNul(value));
}

function vxlanOf(data: Attributes | undefined): Link['vxlan'] {
  const vni = data?.u32(IFLA_VXLAN_ID);
  const port = data?.bytes(IFLA_VXLAN_PORT);
  if (vni === undefined || !port) return undefined;
  const remote = data?.bytes(IFLA_VXLAN_GROUP) ?? data?.bytes(IFLA_VXLAN_GROUP6);
  const local = data?.bytes(IFLA_VXLAN_LOCAL) ?? data?.bytes(IFLA_VXLAN_LOCAL6);
  return omitUndefined({
    vni,
    port: port.readUInt16BE(),
    local: local && addressText(local),
    remote: remote && addressText(remote),
  });
}
