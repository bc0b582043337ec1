/** The kernel's network configuration by netlink. */

export type { BridgeMode } from './bridge-mode.ts';
export { interfaceIndex } from './libc.ts';
export type { LinkChanges, LinkProperties, LinkReference } from './links.ts';
export { checkLinkName } from './names.ts';
export { NetworkNamespace } from './namespace.ts';
export type { BridgeForwarding, Neighbour } from './neighbours.ts';
export { Netlink } from './netlink.ts';
export type { Route } from './routes.ts';
export type { Vf, VfSettings, VfVlan } from './vf.ts';
