/** Notifications of the kernel as they come, until a signal aborts. */
import { DpuError } from '../../../errors.ts';
import type { Message } from '../messages/messages.ts';
import { koffi, type PollHandle } from './koffi.ts';
import { NetworkNamespace } from './namespace.ts';
import { NetlinkSocket } from './socket.ts';

export interface WatchOptions {
  signal: AbortSignal;
  /**
   * Notifications were not seen: the kernel had more of them than fit, or the watch could not be had for a while. The
   * caller should look.
   */
  onRestart?: (reason: string) => void;
}

interface NotificationOptions extends WatchOptions {
  /** Path of a network namespace. Default: that of this process. */
  netns?: string;
}

/** A message of a link has some 2 KB: room for a thousand pods that start together. */
const bufferBytes = 4 * 1024 * 1024;
/** Milliseconds before a watch that could not be had is tried again. */
const retryMs = 1_000;

/**
 * What happens after this returns is seen.
 *
 * @param open makes the socket; where that fails it is tried again
 * @param read takes what waits on the socket, and calls `onLost` where the kernel had more than fit
 */
export function watchSocket(
  open: () => NetlinkSocket,
  read: (socket: NetlinkSocket, onLost: () => void) => void,
  options: WatchOptions,
): void {
  const { signal, onRestart } = options;
  if (signal.aborted) return;
  try {
    follow(open(), read, options);
  } catch (error) {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel);
      watchSocket(open, read, options);
      onRestart?.(`the kernel's notifications could not be had: ${DpuError.from(error).message}`);
    }, retryMs);
    const cancel = () => clearTimeout(timer);
    signal.addEventListener('abort', cancel, { once: true });
  }
}

/**
 * Hears what the kernel tells of links, addresses and routes. What happens after this returns is seen.
 *
 * @param groups Bits of linux/rtnetlink.h RTNLGRP_*: that of group n is 1 << (n - 1).
 * @param changeIn undefined for messages that are passed over
 */
export function watchNotifications<Change>(
  groups: number,
  changeIn: (message: Message) => Change | undefined,
  onChange: (change: Change) => void,
  options: NotificationOptions,
): void {
  const { signal, netns } = options;
  const read = (socket: NetlinkSocket, onLost: () => void) => {
    for (const message of socket.notifications(onLost)) {
      const change = changeIn(message);
      if (change && !signal.aborted) onChange(change);
    }
  };
  watchSocket(() => notificationSocket(groups, netns), read, options);
}

function notificationSocket(groups: number, netns: string | undefined): NetlinkSocket {
  const namespace = netns === undefined ? NetworkNamespace.home : NetworkNamespace.open(netns);
  try {
    return NetlinkSocket.open(namespace, { groups, bufferBytes });
  } finally {
    namespace.close();
  }
}

function follow(
  socket: NetlinkSocket,
  read: (socket: NetlinkSocket, onLost: () => void) => void,
  { signal, onRestart }: WatchOptions,
): void {
  const readable = (status: number) => {
    if (!signal.aborted) read(socket, () => onRestart?.('the kernel had more changes than fit'));
    // libuv stops to poll a socket with an error, such as one for which the kernel had more than fit.
    if (status !== 0 && !signal.aborted) poll = start(poll);
  };
  const start = (before?: PollHandle) => {
    before?.close();
    // By libuv's own epoll: no thread waits, and nothing is asked for.
    return koffi().node.poll(socket.fd, { readable: true }, readable);
  };
  let poll = start();
  const stop = () => {
    poll.close();
    socket.close();
  };
  signal.addEventListener('abort', stop, { once: true });
}
