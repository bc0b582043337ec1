/** Linux for plugins and the daemon: programs, links, Open vSwitch. */

export * from './devices/device-pool.ts';
export * from './devices/keeper.ts';
export * from './devices/names.ts';
export * from './devices/pod-links.ts';
export * from './devices/veth-pairs.ts';
export { VfDevices, type VfDevicesOptions } from './devices/vf-devices.ts';
export * from './devices/vfs-of-settings.ts';
export { type Exec, type ExecOptions, type ExecResult, exec } from './exec.ts';
export * from './link-local-channel.ts';
export * from './links/addresses-watch.ts';
export type { BatchFailure, IpCommand, IpText, LinkCommand, NewLink } from './links/ip-commands.ts';
export type * from './links/link.ts';
export * from './links/links.ts';
export { parseLinks } from './links/links-json.ts';
export { NetlinkLinks } from './links/links-netlink.ts';
export type { Offload } from './links/links-offload.ts';
export * from './links/links-watch.ts';
export * from './netlink/index.ts';
export * from './ovs/ovs.ts';
export type { Flow, InstalledFlow } from './ovs/ovs-flows.ts';
export type { MonitoredTable } from './ovs/ovs-monitor.ts';
export { endStaleOvs } from './ovs/ovs-process.ts';
export type { OvsRow, OvsValue } from './ovs/ovs-table.ts';
export * from './pci/driver-firmware.ts';
export { type PciChange, type WatchPciOptions, watchPci } from './pci/pci-watch.ts';
export * from './pci/sriov.ts';
export * from './pci/sysfs.ts';
export { linuxPlatform } from './platform.ts';
export * from './switch/bridge.ts';
export { planFlows } from './switch/bridge-flows.ts';
export {
  type BridgeState,
  type FunctionPorts,
  type HostPort,
  type PortPlan,
  planPorts,
} from './switch/bridge-plan.ts';
export * from './switch/card-switch.ts';
export { type Closed, ClosedMarker, closedBy } from './switch/closed-marker.ts';
export * from './switch/function-placing.ts';
export { vfOfBridgePort } from './switch/host-port-name.ts';
export type * from './switch/port-record.ts';
export * from './switch/switch-data-path.ts';
export * from './switch/switch-status.ts';
