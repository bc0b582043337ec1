/** Addresses as they come and go, from the kernel's notifications (RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR). */
import { watchNotifications } from '../netlink/kernel/watch.ts';
import { decodeAddress, RTM_DELADDR, RTM_NEWADDR } from '../netlink/messages/addresses.ts';
import type { Message } from '../netlink/messages/messages.ts';
import type { LinkAddress } from './link.ts';
import type { WatchLinksOptions } from './links-watch.ts';

/** An address that a link got or lost. */
export interface AddressChange extends LinkAddress {
  /** Index of the link that has or had it. */
  index: number;
  /** It is no longer there. */
  deleted: boolean;
}

/** linux/rtnetlink.h RTNLGRP_IPV4_IFADDR (5) and RTNLGRP_IPV6_IFADDR (9), as bits */
const addressGroups = (1 << 4) | (1 << 8);

/**
 * Calls `onChange` for every address that is given to a link or taken from it until the signal aborts. What happens after
 * this returns is seen. An address that goes with its link is told as deleted.
 */
export function watchAddresses(onChange: (change: AddressChange) => void, options: WatchLinksOptions): void {
  watchNotifications(addressGroups, toAddressChange, onChange, options);
}

/** Undefined for what is no change of an IPv4 or IPv6 address. */
export function toAddressChange(message: Message): AddressChange | undefined {
  const { type } = message;
  if (type !== RTM_NEWADDR && type !== RTM_DELADDR) return undefined;
  const address = decodeAddress(message);
  return address && { ...address, deleted: type === RTM_DELADDR };
}
