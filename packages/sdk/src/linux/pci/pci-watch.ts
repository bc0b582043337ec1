/** PCI functions as they come and go, from the kernel's uevents (lib/kobject_uevent.c). */
import { NetworkNamespace } from '../netlink/kernel/namespace.ts';
import { NETLINK_KOBJECT_UEVENT, NetlinkSocket } from '../netlink/kernel/socket.ts';
import { type WatchOptions, watchSocket } from '../netlink/kernel/watch.ts';

/** A PCI function that came or went. */
export interface PciChange {
  /** `0000:3b:00.0` */
  address: string;
  /** It is no longer there. */
  removed: boolean;
}

/** Until when is watched. */
export type WatchPciOptions = WatchOptions;

/** What the kernel itself tells; udev has a group of its own. */
const kernelGroup = 1;
/** A message has at most 2 KB (UEVENT_BUFFER_SIZE); a veth of a pod has some four. */
const bufferBytes = 1024 * 1024;

/**
 * Calls `onChange` for every PCI function that is added or removed until the signal aborts, whether it has a netdev or
 * not. What happens after this returns is seen. Whoever has CAP_NET_ADMIN may send such messages: a reason to look, no
 * more.
 */
export function watchPci(onChange: (change: PciChange) => void, options: WatchPciOptions): void {
  const { signal } = options;
  const open = () =>
    NetlinkSocket.open(NetworkNamespace.home, {
      protocol: NETLINK_KOBJECT_UEVENT,
      groups: kernelGroup,
      bufferBytes,
    });
  const read = (socket: NetlinkSocket, onLost: () => void) => {
    for (const datagram of socket.datagrams(onLost)) {
      const change = toPciChange(datagram);
      if (change && !signal.aborted) onChange(change);
    }
  };
  watchSocket(open, read, options);
}

/** Undefined for what is no PCI function that comes or goes. */
export function toPciChange(datagram: Buffer): PciChange | undefined {
  // `action@devpath`, then `KEY=value`, each ended by NUL.
  const [, ...pairs] = datagram.toString('latin1').split('\0');
  const values = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  const action = values.get('ACTION');
  const address = values.get('PCI_SLOT_NAME');
  if (values.get('SUBSYSTEM') !== 'pci' || address === undefined) return undefined;
  if (action !== 'add' && action !== 'remove') return undefined;
  return { address, removed: action === 'remove' };
}
