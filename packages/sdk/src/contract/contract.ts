/**
 * What a vendor plugin (VSP) implements. Methods may be called concurrently unless they say otherwise. Errors are
 * {@link DpuError}s; anything else that is thrown reaches the caller as INTERNAL.
 */

import type { Clock } from '../clock.ts';
import type { Exec } from '../linux/exec.ts';
import type { Links } from '../linux/links/links.ts';
import type { OpenVSwitch, OpenVSwitchOptions } from '../linux/ovs/ovs.ts';
import type { Sriov } from '../linux/pci/sriov.ts';
import type { Sysfs } from '../linux/pci/sysfs.ts';
import type { Structural } from '../structural.ts';
import type { StatusReporter } from './card-status.ts';
import type { DataPath, DataPathKind } from './data-path.ts';
import type { MountedFiles } from './mounted-files.ts';
import type { PluginMetrics } from './plugin-metrics.ts';
import type { PluginService } from './plugin-service.ts';

export type * from '../clock.ts';
export type * from './data-path.ts';

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

/** What Init is called with. */
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

/** The DPU that a plugin is created for. */
export interface Dpu {
  /** `dpu` on the DPU's own node, `host` on the host that it is plugged into. */
  side: 'host' | 'dpu';
  /** By which the DPU was detected, e.g. `marvell-dpu-0000:01:00.0`. */
  identifier: string;
  /** `dpuProductName` of the product in the manifest. Absent where the host was not told, as by Init alone. */
  product?: string;
  /** Of the PCI function that was detected. Absent where there is none, or the host was not told. */
  pciAddress?: string;
}

/** What a plugin cannot pass. The host refuses what would, and the daemon is told. What is left out has no limit. */
export interface Limits {
  /** More is OUT_OF_RANGE. */
  maxVfs?: number;
  /** One more is RESOURCE_EXHAUSTED, as for the others. */
  maxBridgePorts?: number;
  maxLogicalBridges?: number;
  maxNetworkFunctions?: number;
  maxChains?: number;
  /**
   * Seconds that one change takes, for a card that does one after the other. Such a card is given few changes at a time, so that
   * nobody waits for more than it must, and an `apply` may take longer by as much for each change. Default: 0, a card
   * that takes as long for many as for one.
   */
  changeSeconds?: number;
  /** Whether ports of type TRUNK can be; else they are UNIMPLEMENTED. Default: true. */
  trunk?: boolean;
  /** Whether logical bridges can have a VNI or the address of a tunnel's end; else those are UNIMPLEMENTED. Default: true. */
  vxlan?: boolean;
  /**
   * Whether a network function or chain can work for the frames of one logical bridge alone, which `bridgeId` names by its id:
   * it is there then, as long as a function names it. Default: false; what `bridgeId` has is the plugin's to understand.
   */
  perBridge?: boolean;
}

/** One side of one DPU, as `create` returns it: what it has is served and announced. */
export interface Plugin {
  /** What Init answers: where the DPU side's daemon listens. On the host side, where it is dialled. */
  address: IpPort;
  /** All virtual functions, those in use by pods included. */
  getDevices(): Promise<Device[]>;
  /**
   * Sets how many virtual functions there are and returns how many there are afterwards. Never called while `apply` runs.
   * 0 takes away everything that the plugin made on the node; the data path has been emptied by `apply` before. Throws
   * OUT_OF_RANGE beyond the card's maximum, unless `limits` says it. A card with a fixed number answers that, whatever it is
   * asked for, and says `resizing: 'never'` ({@link Plugin.virtualFunctions}).
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
  /** Bridges, ports, network functions and chains. */
  dataPath?: DataPath;
  networkConfig?: NetworkConfigContract;
  limits?: Limits;
  /** gRPC services of the plugin's own, served beside those of the contract. */
  services?: readonly PluginService[];
  /** Called on SIGTERM, after the last `apply`. Must leave virtual functions that pods use in place: a restart follows. */
  close?(): Promise<void>;
}

/** What a plugin serves beyond lifecycle and devices; `deviceWatch` is watchDevices, `deviceAllocation` is allocate. */
export type Capability = DataPathKind | 'networkConfig' | 'deviceWatch' | 'deviceAllocation';

/** Who serves, and what of the contract. The host makes it; a plugin has nothing to do for it. */
export interface PluginInfo {
  /** npm name of the plugin's package; empty where a plugin is not served from a package. */
  packageName: string;
  packageVersion: string;
  /** Version of the contract that is served, e.g. `1.1.0`. */
  contractVersion: string;
  /** Known once the plugin is created; empty before. */
  capabilities: Capability[];
  /** The same as an open set, with limits and the plugin's own services; empty from VSPs before contract 1.2.0. */
  features: Feature[];
}

/** What a VSP says that it serves. */
export interface Feature {
  /** In a namespace, e.g. `opi.bridge`; of a plugin's own service its full name. Whoever does not know it leaves it alone. */
  name: string;
  /** Rises when what the name stands for changes so that callers have to. */
  version: number;
  limits: Readonly<Record<string, number | boolean | string>>;
}

/** Networks of which the DPU has to know whether they are accelerated (the capability `networkConfig`). */
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

/** A line of the log: a message, or fields and a message. */
export interface LogMethod {
  (message: string): void;
  (fields: object, message?: string): void;
}

/** What the plugin host hands to a plugin. */
export interface PluginContext<Settings> {
  dpu: Dpu;
  logger: Logger;
  /** Validated against the manifest's JSON schema, defaults filled in. */
  settings: Settings;
  /** Keys of the Secret that the manifest asks for in `pod.secret`. */
  secrets: MountedFiles;
  /** Keys of the ConfigMap that the manifest asks for in `pod.configMap`. */
  config: MountedFiles;
  /** Aborted on SIGTERM at once, also while `create` runs. */
  signal: AbortSignal;
  /**
   * Asks for another `apply` with all that is wanted in `changed`: for a plugin that finds the card reset, or its switch
   * started anew. Several that come before the next `apply` are one, and there is one a second at most.
   */
  reapply(): void;
  /** The node the plugin runs on, and its address. */
  node: { name: string; ip: string };
  /**
   * For what the plugin must know after a restart of its process or pod: a directory on the node of this DPU alone, with
   * mode 0700. It goes when the DPU is taken away, and when the node restarts.
   */
  stateDirectory: string;
  /** Takes what the plugin says of its card. */
  status: StatusReporter;
  /** Makes metrics of the plugin's own. */
  metrics: PluginMetrics;
  /** The machine, by way of helpers that a test can replace. */
  platform: Platform;
}

/** What plugins reach the machine by. All of it works in the network namespace of the plugin's process. */
export interface Platform {
  exec: Exec;
  links: Structural<Links>;
  sysfs: Structural<Sysfs>;
  sriov: Structural<Sriov>;
  clock: Clock;
  /** An Open vSwitch of the plugin's own, not running yet. */
  openVSwitch(options: Omit<OpenVSwitchOptions, 'exec'>): Structural<OpenVSwitch>;
}

/** What a plugin's package exports; made by {@link definePlugin}. */
export interface PluginDefinition<Settings> {
  /**
   * Called when the DPU is known: at the start where the host was told (DPU_SIDE, DPU_IDENTIFIER), else by Init. Has the
   * deadline of a call, 60 s unless the host was told otherwise. When it throws, Init answers the error, and the next
   * Init creates anew: what a failed `create` began is to be ended by itself.
   */
  create(context: PluginContext<Settings>): Plugin | Promise<Plugin>;
}

/** Declares a plugin: the default export of a vendor's package. */
export function definePlugin<Settings = Record<string, never>>(
  definition: PluginDefinition<Settings>,
): PluginDefinition<Settings> {
  return definition;
}
