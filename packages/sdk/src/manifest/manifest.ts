/** The `dpu` manifest of a plugin as it is after parsing, with its defaults. Its schema is in schema.ts. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface PluginManifest {
  /** Version of the manifest that the plugin needs. Default: 1. */
  manifestVersion?: number | undefined;
  /** Versions of the plugin contract that the plugin works with: a range as npm reads it, e.g. `^1.1.0`. */
  contract: string;
  /** Versions of the plugin host's API that its module works with; a VSP that is only an image has none. */
  hostApi?: string | undefined;
  products: ProductManifest[];
  privileges: PrivilegesManifest;
  /** Programs that the plugin runs, or those of each side; they must be on the PATH of the image. */
  programs: string[] | { host?: string[] | undefined; dpu?: string[] | undefined };
  /** Image to run the plugin in, for plugins that need more than the general VSP image has; built from it. */
  image?: string | undefined;
  /** Whether a restart of the plugin interrupts pods, or on which sides: their nodes are drained of them first. */
  disturbsTraffic: boolean | ('host' | 'dpu')[];
  /** JSON schema of the plugin's settings. */
  settings: Record<string, Json>;
  /** What `dpu-vsp dev` runs the plugin with, per side; of no meaning to the operator. */
  dev?: { host?: Record<string, Json> | undefined; dpu?: Record<string, Json> | undefined } | undefined;
}

export interface ProductManifest {
  /** dpuProductName of the DataProcessingUnit. */
  name: string;
  /** How a host that the DPU is plugged into is told. */
  host?: SideManifest | undefined;
  /** How the DPU's own node is told. */
  dpu?: SideManifest | undefined;
}

export interface SideManifest {
  detect: DetectionRule;
  /** Where a card's serial number is read. */
  serial?: SerialManifest | undefined;
  /**
   * Which of the PCI functions that match are one DPU: each for itself, those of one slot (`0000:01:00`), or those of one
   * serial number. Default: `serial` where there is a rule for that, else `function`.
   */
  groupBy?: 'function' | 'slot' | 'serial' | undefined;
  /** Template of the identifier: text with `{pciAddress}`, `{slot}`, `{serial}`, `{node}`, `{mac:<pci address>}`. */
  identifier: string;
}

/** All that is given must match. With `pci` it is about one PCI function, and matches once for each; else about the machine. */
export interface DetectionRule {
  /** The PCI function has these ids. */
  pci?: PciRule | undefined;
  /** Regular expression that one of the netdevs of the PCI function must match. */
  netdevName?: string | undefined;
  /** The machine has another PCI function with these ids. */
  present?: PresenceRule | undefined;
  /** Text in the DMI product name of the machine. */
  dmiProductContains?: string | undefined;
  /** Text in one of the `compatible` strings of the device tree's root. */
  deviceTreeCompatibleContains?: string | undefined;
  /** Label of the node that must have one of the values. */
  nodeLabel?: { key: string; values: string[] } | undefined;
  /** At least one of these must match. */
  anyOf?: DetectionRule[] | undefined;
  /** Each of these must match. */
  allOf?: DetectionRule[] | undefined;
  /** This must not match. */
  not?: DetectionRule | undefined;
}

/** Ids in lower-case hex digits without `0x`. */
export interface PciRule {
  vendor: string;
  device: string;
  subsystemVendor?: string | undefined;
  subsystemDevice?: string | undefined;
  /** Start of the PCI class, e.g. `02` for network controllers. */
  class?: string | undefined;
  /** Leaves virtual functions (devices with a physfn link) out. */
  notVf?: true | undefined;
}

export interface PresenceRule extends PciRule {
  /** It must be in the slot of the function that the rule is about. */
  sameSlot?: true | undefined;
}

export interface SerialManifest {
  /** The first that can be read is taken. */
  from: SerialSource[];
  /**
   * Template that stands for the number of a card that has none to read: text with `{node}`, `{slot}`, `{pciAddress}`.
   * Without it such a card is not taken into service.
   */
  fallback?: string | undefined;
}

/**
 * The Device Serial Number of PCI Express as lspci writes it, without its dashes; the serial number in the Vital Product
 * Data; or bytes of the PCI config space, in hex.
 */
export type SerialSource = 'dsn' | 'vpd' | { offset: number; length: number };

/** What the plugin's pod may do on the node. */
export interface PrivilegesManifest {
  privileged: boolean;
  /** Linux capabilities, e.g. `NET_ADMIN`. */
  capabilities: string[];
  /** Directories of the node, mounted at the same place in the pod. */
  hostPaths: HostPath[];
  hostNetwork: boolean;
  /** Filter of system calls; of no effect where the container is privileged. */
  seccomp: 'RuntimeDefault' | 'Unconfined';
}

export interface HostPath {
  path: string;
  readOnly?: boolean | undefined;
  propagation?: 'None' | 'HostToContainer' | 'Bidirectional' | undefined;
}
