/** Linux for plugins and the daemon: programs, links, Open vSwitch. */

export * from './addresses-watch.ts';
export * from './devices/device-pool.ts';
export * from './devices/keeper.ts';
export * from './devices/names.ts';
export * from './devices/pod-links.ts';
export * from './devices/veth-pairs.ts';
export { VfDevices, type VfDevicesOptions } from './devices/vf-devices.ts';
export * from './devices/vfs-of-settings.ts';
export * from './driver-firmware.ts';
export { type Exec, type ExecOptions, type ExecResult, exec } from './exec.ts';
export type { BatchFailure, IpCommand, IpText, LinkCommand, NewLink } from './ip-commands.ts';
export type * from './link.ts';
export * from './link-local-channel.ts';
export * from './links.ts';
export { parseLinks } from './links-json.ts';
export { NetlinkLinks } from './links-netlink.ts';
export type { Offload } from './links-offload.ts';
export * from './links-watch.ts';
export * from './netlink/index.ts';
export * from './ovs.ts';
export type { Flow, InstalledFlow } from './ovs-flows.ts';
export type { MonitoredTable } from './ovs-monitor.ts';
export { endStaleOvs } from './ovs-process.ts';
export type { OvsRow, OvsValue } from './ovs-table.ts';
export { type PciChange, type WatchPciOptions, watchPci } from './pci-watch.ts';
export { linuxPlatform } from './platform.ts';
export * from './sriov.ts';
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
export * from './sysfs.ts';
