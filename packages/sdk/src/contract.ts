/**
 * What a vendor plugin (VSP) implements. Every method may be called concurrently and, unless it says otherwise, is
 * idempotent: the daemon replays calls after a restart of either side. Errors are {@link DpuError}s; anything else
 * that is thrown reaches the caller as INTERNAL.
 */
import type { StatusReporter } from './card-status.ts';
import type { Exec } from './linux/exec.ts';
import type { Links } from './linux/links.ts';
import type { OpenVSwitch, OpenVSwitchOptions } from './linux/ovs.ts';
import type { Sysfs } from './linux/sysfs.ts';
import type { Structural } from './structural.ts';

/**
 * How a pod uses a device: a network device that moves into it, a function bound to a driver of VFIO, a network device
 * with an RDMA device, a scalable function on the auxiliary bus, or a virtio device by vDPA.
 */
export type DeviceKind = 'netdev' | 'vfio' | 'rdma' | 'auxiliary' | 'vdpa';

/** One virtual function that can be handed to a pod. */
export interface Device {
  /** Host side: a PCI address (`0000:01:00.2`) or netdev name. DPU side: a netdev name. Stable over restarts. */
  id: string;
  healthy: boolean;
  /** Why it is unhealthy, for people: the DPU's condition shows it. Cut at 256 characters; of no meaning while healthy. */
  reason?: string;
  /** NUMA node, where it is known. */
  numaNode?: number;
  /**
   * Number of the physical function, from 0, and index of the virtual function (or scalable function) below it, from 0.
   * Both or none, and no other device has the same. The host side's bridge port is named by them, `host<pf>-<vf>`. Without
   * them the daemon takes what sysfs says of a PCI address, or the number at the end of a netdev's name.
   */
  pf?: number;
  vf?: number;
  /** Default: whatever the daemon finds the device to be. */
  kind?: DeviceKind;
  /**
   * For the programs in the pod, e.g. `{ speed: '25G', class: 'gold' }`. At most 16; names of lower-case letters, digits,
   * `.` and `-`, at most 63 characters; values of at most 256 characters.
   */
  attributes?: Readonly<Record<string, string>>;
}

/** How many virtual functions a card has, can have and will have. */
export interface VirtualFunctions {
  /**
   * When the number can change: never; while no pod has one, as the card goes from one number to the next by way of none;
   * or at any time, as those that stay are not touched.
   */
  resizing: 'never' | 'whenUnused' | 'live';
  physicalFunctions: readonly PhysicalFunction[];
}

/** A physical function of a card. Numbers are from 0. */
export interface PhysicalFunction {
  pf: number;
  /** How many virtual functions it has. */
  count: number;
  /** How many it can have. */
  maximum: number;
  /** The number that it was asked for and has after the next restart of the node. Default: `count`. */
  countAfterRestart?: number;
}

/** What a container gets with its devices, beside what the daemon gives by itself. */
export interface DeviceAllocation {
  /** Environment variables. The names that the daemon sets, `PATH` and `LD_*` are refused. */
  env?: Readonly<Record<string, string>>;
  mounts?: readonly AllocatedMount[];
  deviceNodes?: readonly AllocatedDeviceNode[];
  /** Fully qualified names of the Container Device Interface (`vendor.com/class=name`), for kubelet 1.31 or later. */
  cdiDevices?: readonly string[];
}

/** A file or directory of the node in a container. */
export interface AllocatedMount {
  /** Below `/dev` or `/sys`. */
  hostPath: string;
  /** Default: `hostPath`. */
  containerPath?: string;
  /** Must be true below `/sys`. Default: false. */
  readOnly?: boolean;
}

/** A device node of the node in a container. */
export interface AllocatedDeviceNode {
  /** Below `/dev`; not the machine's memory or ports (`/dev/mem`, `/dev/kmem`, `/dev/port`). */
  hostPath: string;
  /** Default: `hostPath`. */
  containerPath?: string;
  /** Default: `rw`. */
  permissions?: 'r' | 'w' | 'rw';
}

export interface InitRequest {
  /** true on the DPU's own node, false on the host that the DPU is plugged into. */
  dpuMode: boolean;
  /** The identifier by which the DPU was detected, e.g. `marvell-dpu-0000:01:00.0`. */
  dpuIdentifier: string;
}

/** Where the DPU side's daemon listens for the host side's daemon. */
export interface IpPort {
  /** IPv4, or IPv6 in brackets with its zone where it is link-local. */
  ip: string;
  port: number;
}

/** Lifecycle and devices: every plugin has these. */
export interface Plugin {
  /** Called once for a mode and identifier; the host answers repeats itself. */
  init(request: InitRequest): Promise<IpPort>;
  /** All virtual functions, those in use by pods included. */
  getDevices(): Promise<Device[]>;
  /**
   * Sets how many virtual functions there are and returns how many there are afterwards.
   * 0 takes away everything that the plugin made on the node. Throws OUT_OF_RANGE beyond the card's maximum.
   */
  setNumVfs(count: number): Promise<number>;
  /**
   * How many virtual functions there are and can be. With it the daemon asks for no number that cannot be had, and knows of
   * one that takes a restart of the node: setNumVfs keeps that in mind, answers how many there are until then, and
   * `countAfterRestart` says it. Without it the daemon learns of all that by asking.
   */
  virtualFunctions?(): Promise<VirtualFunctions>;
  /** setNumVfs of one physical function, for cards that have several. The others keep theirs. */
  setNumVfsOf?(pf: number, count: number): Promise<number>;
  /**
   * Calls `onChange` whenever getDevices would answer differently. Without it the daemon asks every 5 s.
   * Returns a function that ends the watch.
   */
  watchDevices?(onChange: () => void): () => void;
  /**
   * What a container gets with these devices of this DPU beside them. Asked whenever the kubelet gives them to a container;
   * nothing is reserved by it, and it may be asked again for the same. A pod whose devices it throws for does not start.
   */
  allocate?(deviceIds: string[]): Promise<DeviceAllocation>;
  /**
   * Whether the data path works; what the heartbeat answers. Without it: true. The condition `Healthy` of the context's
   * `status` says why it does not.
   */
  healthy?(): Promise<boolean>;
  bridge?: BridgeContract;
  networkFunctions?: NetworkFunctionContract;
  chains?: ChainContract;
  networkConfig?: NetworkConfigContract;
  /** Called on SIGTERM. Must leave virtual functions that pods use in place: a restart follows. */
  close?(): Promise<void>;
}

export type BridgePortType = 'ACCESS' | 'TRUNK';
export type OperStatus = 'UP' | 'DOWN' | 'TO_BE_DELETED';

/** OPI BridgePort. The host side calls it `host<pf>-<vf>`. */
export interface BridgePort {
  /** Resource name `bridgePorts/{id}`. */
  name: string;
  /** Lower-case, colon-separated: the MAC of the pod's interface. */
  macAddress: string;
  type: BridgePortType;
  /**
   * Names of logical bridges (`logicalBridges/{id}` or the bare id). A bare number that names none is the VLAN
   * placeholder that the Go operator's host side sends (VF index + 2).
   */
  logicalBridges: string[];
  operStatus?: OperStatus;
}

/** OPI LogicalBridge: a broadcast domain with a VLAN. */
export interface LogicalBridge {
  /** Resource name `logicalBridges/{id}`. */
  name: string;
  /** 1 to 4094. */
  vlanId: number;
  vni?: number;
  /** Address of the tunnel end point with its length, e.g. `10.0.0.1/24`. */
  vtepIpPrefix?: string;
  operStatus?: OperStatus;
}

/**
 * Create and update answer the resource as it stands afterwards. The host has validated names and masks, merged the
 * update into the full resource, and answers List, paging and `allow_missing` itself.
 */
export interface BridgeContract {
  /** Repeating it with the same content answers the same; with other content throws ALREADY_EXISTS. */
  createBridgePort(port: BridgePort): Promise<BridgePort>;
  updateBridgePort(port: BridgePort): Promise<BridgePort>;
  /** Throws NOT_FOUND. */
  deleteBridgePort(name: string): Promise<void>;
  listBridgePorts(): Promise<BridgePort[]>;
  createLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge>;
  updateLogicalBridge(bridge: LogicalBridge): Promise<LogicalBridge>;
  /** Throws NOT_FOUND, FAILED_PRECONDITION while a bridge port names it. */
  deleteLogicalBridge(name: string): Promise<void>;
  listLogicalBridges(): Promise<LogicalBridge[]>;
}

/** A network function, named by the MACs of the two interfaces that its pod was given. */
export interface NetworkFunction {
  /** Faces the hosts (net1). */
  input: string;
  /** Faces the outside (net2). */
  output: string;
  /** The bridge of a DpuNetwork, 8 hex digits; the default one where it is empty. */
  bridgeId?: string;
}

export interface NetworkFunctionContract {
  createNetworkFunction(nf: NetworkFunction): Promise<void>;
  /**
   * Deleting what is not there is no error: network functions have no `allow_missing`. Throws FAILED_PRECONDITION for
   * one that a chain holds.
   */
  deleteNetworkFunction(nf: NetworkFunction): Promise<void>;
}

/** An ordered chain of network functions. */
export interface ServiceChain {
  /** Resource name `serviceChains/{id}`. */
  name: string;
  /**
   * In the order in which frames from the hosts pass them: they enter the first one's input and leave for the outside
   * by the last one's output; answers go the other way. At least one, each in one chain only.
   */
  networkFunctions: NetworkFunction[];
}

/**
 * Ordered chains. The functions of a chain need no createNetworkFunction of their own. All or nothing: when one fails,
 * all is as it was before the call, and no frame passes a part of a chain.
 */
export interface ChainContract {
  /**
   * Repeating it with the same content answers the same; with other content throws ALREADY_EXISTS. Throws NOT_FOUND for
   * an interface that does not exist, FAILED_PRECONDITION for a function that is in use already, by itself or in
   * another chain.
   */
  createChain(chain: ServiceChain): Promise<ServiceChain>;
  /** Other functions or another order; those that stay need not be interrupted. Throws as createChain does. */
  updateChain(chain: ServiceChain): Promise<ServiceChain>;
  /** Frees its functions, also when traffic passes. Throws NOT_FOUND. */
  deleteChain(name: string): Promise<void>;
  listChains(): Promise<ServiceChain[]>;
}

/** What a plugin serves beyond lifecycle and devices; `deviceWatch` is watchDevices, `deviceAllocation` is allocate. */
export type Capability =
  | 'bridge'
  | 'networkFunctions'
  | 'chains'
  | 'networkConfig'
  | 'deviceWatch'
  | 'deviceAllocation';

/** Who serves, and what of the contract. The host makes it; a plugin has nothing to do for it. */
export interface PluginInfo {
  /** npm name of the plugin's package; empty where a plugin is not served from a package. */
  packageName: string;
  packageVersion: string;
  /** Version of the contract that is served, e.g. `1.1.0`. */
  contractVersion: string;
  capabilities: Capability[];
}

export interface NetworkConfigContract {
  setNetworkConfig(config: { isAccelerated: boolean }): Promise<void>;
}

/** Writes lines with fields; `err` is an Error. A pino logger is one. */
export interface Logger {
  trace: LogMethod;
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  fatal: LogMethod;
  /** One whose lines have these fields too. */
  child(fields: Record<string, unknown>): Logger;
}

export interface LogMethod {
  (message: string): void;
  (fields: object, message?: string): void;
}

/** What the plugin host hands to a plugin. */
export interface PluginContext<Settings> {
  logger: Logger;
  /** Validated against the manifest's JSON schema, defaults filled in. */
  settings: Settings;
  /** Aborted on SIGTERM. */
  signal: AbortSignal;
  /** The node the plugin runs on, and its address. */
  node: { name: string; ip: string };
  /**
   * For what the plugin must know after a restart of its process or pod: a directory on the node of this DPU alone, with
   * mode 0700. It goes when the DPU is taken away, and when the node restarts.
   */
  stateDirectory: string;
  /** Takes what the plugin says of its card. */
  status: StatusReporter;
  /** The machine, by way of helpers that a test can replace. */
  platform: Platform;
}

/** What plugins reach the machine by. All of it works in the network namespace of the plugin's process. */
export interface Platform {
  exec: Exec;
  links: Structural<Links>;
  sysfs: Structural<Sysfs>;
  clock: Clock;
  /** An Open vSwitch of the plugin's own, not running yet. */
  openVSwitch(options: Omit<OpenVSwitchOptions, 'exec'>): Structural<OpenVSwitch>;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Rejects when `signal` is aborted. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface PluginDefinition<Settings> {
  create(context: PluginContext<Settings>): Plugin | Promise<Plugin>;
}

/** Declares a plugin: the default export of a vendor's package. */
export function definePlugin<Settings = Record<string, never>>(
  definition: PluginDefinition<Settings>,
): PluginDefinition<Settings> {
  return definition;
}
