/** Linux for plugins and the daemon: programs, links, Open vSwitch. */

export { VfDevices, type VfDevicesOptions } from './devices/vf-devices.ts';
export * from './exec.ts';
export * from './link-local-channel.ts';
export * from './links.ts';
export * from './links-offload.ts';
export * from './links-watch.ts';
export * from './netlink/index.ts';
export * from './ovs.ts';
export { endStaleOvs } from './ovs-process.ts';
export { type PciChange, type WatchPciOptions, watchPci } from './pci-watch.ts';
export { linuxPlatform } from './platform.ts';
export * from './sriov.ts';
export * from './sysfs.ts';
