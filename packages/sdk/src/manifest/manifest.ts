/** The `dpu` manifest of a plugin as it is after parsing, with its defaults. Its schema is in schema.ts. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/**
 * What the field `dpu` of a plugin's package.json says: which cards it is for, and what it needs. Read without running the plugin.
 */
export interface PluginManifest {
  /** Version of the manifest that the plugin needs. Default: 1. */
  manifestVersion?: number | undefined;
  /**
   * Fields that an operator which does not know them may pass over, e.g. `pod.host.cpuSet` or `products[].label`. One that
   * knows them all never looks here; without another unknown field it refuses the plugin.
   */
  optionalFields?: string[] | undefined;
  /** Versions of the plugin contract that the plugin works with: a range as npm reads it, e.g. `^1.1.0`. */
  contract: string;
  /** Versions of the plugin host's API that its module works with; a VSP that is only an image has none. */
  hostApi?: string | undefined;
  products: ProductManifest[];
  /** What the plugin asks of its pod. {@link podOf} tells what that comes to on a side. */
  pod: PodManifest;
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

/** A product that the plugin drives, and how it is told on each side. */
export interface ProductManifest {
  /** dpuProductName of the DataProcessingUnit. */
  name: string;
  /** How a host that the DPU is plugged into is told. */
  host?: SideManifest | undefined;
  /** How the DPU's own node is told. */
  dpu?: SideManifest | undefined;
}

/** How one side of a product is found, grouped to DPUs and named. */
export interface SideManifest {
  detect: DetectionRule;
  /** Where a card's serial number is read. */
  serial?: SerialManifest | undefined;
  /**
   * Which of the PCI functions that match are one DPU: each for itself, those of one slot (`0000:01:00`), or those of one
   * serial number. Default: `serial` where there is a rule for that, else `function`.
   */
  groupBy?: 'function' | 'slot' | 'serial' | undefined;
  /** Template of the identifier: text with `{pciAddress}`, `{slot}`, `{serial}`, `{node}`, `{mac:<pci address>}`, `{mac:.<function>}`. */
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

/** A PCI function that has to be there, or must not be, beside the one that a rule is about. */
export interface PresenceRule extends PciRule {
  /** It must be in the slot of the function that the rule is about. */
  sameSlot?: true | undefined;
}

/** Where the serial number of a card is read, and what stands in for one that cannot be. */
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

/** What a plugin asks of its pod, on both sides, and on each where they differ. */
export interface PodManifest extends PodNeeds {
  /** On the host side; each field in place of the common one. */
  host?: PodNeeds | undefined;
  /** On the DPU side; each field in place of the common one. */
  dpu?: PodNeeds | undefined;
}

/** What the pod of the plugin's VSP gets on one side. */
export interface PodNeeds extends ContainerNeeds {
  /** Whether the pod is in the node's network namespace. Default: true. */
  hostNetwork?: boolean | undefined;
  /** Whether the pod sees the node's processes. Default: false. */
  hostPID?: boolean | undefined;
  /** Secret that a DataProcessingUnitConfig names: a file for each key in the directory of `DPU_SECRET_DIRECTORY`. */
  secret?: FilesNeed | undefined;
  /** ConfigMap that a DataProcessingUnitConfig names: files in the directory of `DPU_CONFIG_MAP_DIRECTORY`. */
  configMap?: FilesNeed | undefined;
  /** Containers that start before the plugin's and end after it. They share its network and /var/run/dpu-shared. */
  companions?: Companion[] | undefined;
  /** Rights on the API in the operator's namespace, for the ServiceAccount that the VendorPlugin names. */
  rbac?: RbacRule[] | undefined;
  /** Seconds from SIGTERM until the pod is killed. Default: 30. */
  gracePeriodSeconds?: number | undefined;
}

/** What a container asks for. */
export interface ContainerNeeds {
  /** Default: false. */
  privileged?: boolean | undefined;
  /** Linux capabilities, e.g. `NET_ADMIN`. Default: none. */
  capabilities?: string[] | undefined;
  /** Filter of system calls; of no effect where the container is privileged. Default: RuntimeDefault. */
  seccomp?: 'RuntimeDefault' | 'Unconfined' | undefined;
  /** Directories and files of the node. */
  hostPaths?: HostPath[] | undefined;
  /** Device nodes of the node, without which the pod does not start; for privileged containers. */
  devices?: HostDevice[] | undefined;
  resources?: ResourcesNeed | undefined;
  /** Environment variables. */
  env?: Record<string, string> | undefined;
}

/** A file or directory of the machine that a container of the plugin sees. */
export interface HostPath {
  path: string;
  /** Where the container has it. Default: at the same path. */
  at?: string | undefined;
  readOnly?: boolean | undefined;
  propagation?: 'None' | 'HostToContainer' | 'Bidirectional' | undefined;
}

/** A device node of the machine that a container of the plugin gets. */
export interface HostDevice {
  /** E.g. `/dev/vfio/vfio`. */
  path: string;
  /** Where the container has it. Default: at the same path. */
  at?: string | undefined;
  /** Default: character. */
  type?: 'character' | 'block' | undefined;
}

/** Amounts as Kubernetes writes them: `500m` of a CPU, `256Mi`. */
export interface ResourcesNeed {
  requests?: Amounts | undefined;
  limits?: Amounts | undefined;
  /** By page size; mounted at `/dev/hugepages-2Mi` and `/dev/hugepages-1Gi`. */
  hugePages?: { '2Mi'?: string | undefined; '1Gi'?: string | undefined } | undefined;
}

/** What a container asks for, or may use at most, in the amounts of Kubernetes. */
export interface Amounts {
  cpu?: string | undefined;
  memory?: string | undefined;
}

/** Keys of a Secret or ConfigMap that the plugin reads. */
export interface FilesNeed {
  keys: string[];
  /** Whether the plugin can do without. Default: false. */
  optional?: boolean | undefined;
  /** For those who have to make it. */
  description?: string | undefined;
}

/** A program of the vendor's beside the plugin, in a container of its own. */
export interface Companion extends ContainerNeeds {
  name: string;
  /** Without it the companion is in the pod only where the VendorPlugin names one (`spec.pod.companions`). */
  image?: string | undefined;
  command?: string[] | undefined;
  args?: string[] | undefined;
}

/** As in a Role (https://kubernetes.io/docs/reference/access-authn-authz/rbac/). */
export interface RbacRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[] | undefined;
}
