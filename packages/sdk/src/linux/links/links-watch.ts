/** Link changes as they happen, from the kernel's notifications (RTNLGRP_LINK). */
import { omitUndefined } from '../../omit-undefined.ts';
import { type WatchOptions, watchNotifications } from '../netlink/kernel/watch.ts';
import { decodeLink, isMovedAway, RTM_DELLINK, RTM_NEWLINK } from '../netlink/messages/links.ts';
import type { Message } from '../netlink/messages/messages.ts';

/** A link that came, changed or went in a namespace. */
export interface LinkChange {
  name: string;
  index: number;
  /** It is no longer in this namespace. */
  deleted: boolean;
  /** Where it is no longer here: it was moved to another namespace, and not taken away. */
  movedAway?: boolean;
  /** `veth`, `vxlan`, `bridge`, …; undefined for hardware and loopback. */
  kind?: string;
  /** Of the device behind it, where that is on the PCI bus. */
  pciAddress?: string;
}

/** Which namespace is watched, and until when. */
export interface WatchLinksOptions extends WatchOptions {
  /** Path of a network namespace. Default: that of this process. */
  netns?: string;
}

/** linux/rtnetlink.h RTNLGRP_LINK, as a bit */
const linkGroup = 1;
/** linux/if_link.h: a port of a bridge, as the bridge tells of it */
const AF_BRIDGE = 7;

/**
 * Calls `onChange` for every link that is made, changed, moved or deleted until the signal aborts. What happens after
 * this returns is seen.
 */
export function watchLinks(onChange: (change: LinkChange) => void, options: WatchLinksOptions): void {
  watchNotifications(linkGroup, toLinkChange, onChange, options);
}

/** Undefined for what is no change of a link. */
export function toLinkChange(message: Message): LinkChange | undefined {
  const { type, body } = message;
  // A bridge tells of its ports beside what the kernel tells of the link.
  if ((type !== RTM_NEWLINK && type !== RTM_DELLINK) || body[0] === AF_BRIDGE) return undefined;
  const { name, index, kind, pciAddress } = decodeLink(message);
  const deleted = type === RTM_DELLINK;
  return omitUndefined({
    name,
    index,
    deleted,
    movedAway: deleted ? isMovedAway(message) : undefined,
    kind,
    pciAddress,
  });
}
