/** The kernel's network configuration by netlink. */
export { interfaceIndex } from './kernel/libc.ts';
export { NetworkNamespace } from './kernel/namespace.ts';
export type { BridgeMode } from './messages/bridge-mode.ts';
export type { LinkChanges, LinkProperties, LinkReference } from './messages/links.ts';
export { checkLinkName } from './messages/names.ts';
export type { BridgeForwarding, Neighbour } from './messages/neighbours.ts';
export type { Route } from './messages/routes.ts';
export type { Vf, VfSettings, VfVlan } from './messages/vf.ts';
export { Netlink } from './netlink.ts';
