/** Link changes as they happen, from the kernel's notifications (RTNLGRP_LINK). */
import { DpuError } from '../errors.ts';
import { omitUndefined } from '../omit-undefined.ts';
import { koffi } from './netlink/koffi.ts';
import { decodeLink, isMovedAway, RTM_DELLINK, RTM_NEWLINK } from './netlink/links.ts';
import type { Message } from './netlink/messages.ts';
import { NetworkNamespace } from './netlink/namespace.ts';
import { NetlinkSocket } from './netlink/socket.ts';

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

export interface WatchLinksOptions {
  signal: AbortSignal;
  /** Path of a network namespace. Default: that of this process. */
  netns?: string;
  /**
   * Changes were not seen: the kernel had more of them than fit, or the watch could not be had for a while. The caller
   * should look.
   */
  onRestart?: (reason: string) => void;
}

/** linux/rtnetlink.h RTNLGRP_LINK, as a bit */
const linkGroup = 1;
/** linux/if_link.h: a port of a bridge, as the bridge tells of it */
const AF_BRIDGE = 7;
/** A message has some 2 KB: room for a thousand pods that start together. */
const bufferBytes = 4 * 1024 * 1024;

/** Milliseconds before a watch that could not be had is tried again. */
const retryMs = 1_000;

/**
 * Calls `onChange` for every link that is made, changed, moved or deleted until the signal aborts. What happens after
 * this returns is seen.
 */
export function watchLinks(onChange: (change: LinkChange) => void, options: WatchLinksOptions): void {
  const { signal, onRestart } = options;
  if (signal.aborted) return;
  try {
    follow(onChange, options);
  } catch (error) {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel);
      watchLinks(onChange, options);
      onRestart?.(`links could not be watched: ${DpuError.from(error).message}`);
    }, retryMs);
    const cancel = () => clearTimeout(timer);
    signal.addEventListener('abort', cancel, { once: true });
  }
}

function follow(onChange: (change: LinkChange) => void, { signal, netns, onRestart }: WatchLinksOptions): void {
  const socket = openSocket(netns);
  const read = () => {
    const messages = socket.notifications(() => onRestart?.('the kernel had more changes than fit'));
    for (const message of messages) {
      const change = toLinkChange(message);
      if (change && !signal.aborted) onChange(change);
    }
  };
  // By libuv's own epoll: no thread waits, and nothing is asked for.
  const poll = koffi().node.poll(socket.fd, { readable: true }, read);
  const stop = () => {
    poll.close();
    socket.close();
  };
  signal.addEventListener('abort', stop, { once: true });
}

function openSocket(netns: string | undefined): NetlinkSocket {
  const namespace = netns === undefined ? NetworkNamespace.home : NetworkNamespace.open(netns);
  try {
    return NetlinkSocket.open(namespace, { groups: linkGroup, bufferBytes });
  } finally {
    namespace.close();
  }
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
