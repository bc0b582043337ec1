/** Names that other programs, manifests and people depend on. */
import { createHash } from 'node:crypto';

export const group = 'config.openshift.io';
export const version = 'v1';
export const apiVersion = `${group}/${version}` as const;

/** Where the operator, the daemon and the VSP pods run. */
export const operatorNamespace = 'openshift-dpu-operator';

/** What the operator and its users look for by name. */
export const workloads = {
  operator: 'dpu-operator-controller-manager',
  daemon: 'dpu-daemon',
  vsp: 'dpu-vsp',
  injector: 'network-resources-injector',
} as const;

/**
 * What belongs to the injector beside its Deployment. Its Service and webhook have other names than the Go operator's, which
 * the migration deletes by name.
 */
export const injectorNames = {
  service: workloads.injector,
  /**
   * The API server calls webhooks by the order of their names. This one comes behind `network-resources-injector-config`, that
   * of the SR-IOV Network Operator, which adds its volume and counts resources without a look at what is there.
   */
  webhook: `${workloads.injector}.${operatorNamespace}`,
  /** Secret with the key and certificate of the webhook. */
  certificate: `${workloads.injector}-tls`,
  /** ConfigMap with switches and user-defined injections. */
  switches: 'nri-control-switches',
} as const;

/** ServiceAccounts that pods of plugins may run as, beside the usual one: people make them, with the rights that they want. */
export const vspServiceAccountPrefix = `${workloads.vsp}-`;

/** The only name that a DpuOperatorConfig may have. */
export const configName = 'dpu-operator-config';

/** The device-plugin resource that a pod asks for. */
export const resourceName = 'openshift.io/dpu';

export const networkNames = {
  /** The network of network-function pods; lives in the operator's namespace, no IPAM. */
  networkFunction: 'dpunfcni-conf',
  /** The network of ordinary pods; lives in `default`. */
  default: 'default-sriov-net',
} as const;

/** How a DpuNetwork is named among devices, networks and bridges. */
export const networkResource = (network: string): string => `openshift.io/dpunetwork-${network}`;
/**
 * The environment variable by which a container finds its devices of a resource. As the SR-IOV device plugin names it: tools
 * for DPDK look there. A shell reads no name with a hyphen.
 */
export const deviceVariable = (resource: string): string =>
  `PCIDEVICE_${resource.replaceAll(/[/.-]/g, '_').toUpperCase()}`;
export const networkNad = (network: string): string => `${network}-nad`;
/** What of a resource's name is behind the slash has 63 characters at most. */
export const longestNetworkName = 52;
/** Which bridge network functions of a DpuNetwork are on: 8 hex digits of the SHA-256 of its name. */
export const networkBridgeId = (network: string): string =>
  createHash('sha256').update(network).digest('hex').slice(0, 8);

/** Devices of a card for accelerated network functions, and the network by which these get them. */
export const acceleratedResource = 'openshift.io/dpu-accelerated';
export const acceleratedNetwork = 'dpu-accel';

/** What Multus and the device plugin agree on: the resource behind a NetworkAttachmentDefinition. */
export const networkResourceAnnotation = 'k8s.v1.cni.cncf.io/resourceName';
export const networksAnnotation = 'k8s.v1.cni.cncf.io/networks';

const prefix = 'dpu.config.openshift.io';

/** Label of an image: its plugin's manifest, the value of `dpu` in a package.json, as JSON. `dpu-vsp manifest` prints it. */
export const manifestLabel = `${prefix}/manifest`;

export const labels = {
  /** Set by an administrator to `true` on every node that has, or is, a DPU. */
  dpuNode: 'dpu',
  /** Set by the daemon on its node: `dpu` or `dpu-host`. */
  nodeSide: `${prefix}/dpuside`,
  /** On a DataProcessingUnit: its node. */
  node: `${prefix}/node`,
  /** On a DataProcessingUnit: `host` or `dpu`. */
  side: `${prefix}/side`,
  /** On a DataProcessingUnit: the product's name as the value of a label. */
  product: `${prefix}/product`,
  /** On a DataProcessingUnit: the VendorPlugin whose rules found it. */
  vendor: `${prefix}/vendor`,
  /** On the ConfigMaps that name those to whom the operator gave certificates. */
  issued: `${prefix}/issued`,
  /** On the ConfigMap of a plugin's lock file: the uid of its VendorPlugin. */
  vendorPlugin: `${prefix}/vendor-plugin`,
  /** On a network-function pod: the name of its ServiceFunctionChain. */
  chain: `${prefix}/chain`,
  /** On a NetworkAttachmentDefinition: its DpuNetwork. An annotation too, as the Go operator has it. */
  network: `${prefix}/dpu-network`,
  /** On a ConfigMap with the trust of another installation: its id. */
  trustedInstallation: `${prefix}/trusted-installation`,
  /** On a VSP pod. */
  dpuName: 'dpu-name',
  /** Chooses the software DPU on a node: `host`, `dpu` or `both`. */
  softwareDpu: `${prefix}/software-dpu`,
} as const;

export const annotations = {
  /** On a DataProcessingUnit: an order to delete the bridge ports of this host, `<node>/<dpu>` or `anonymous`. */
  forgetHost: `${prefix}/forget-host`,
  /** On a DataProcessingUnit: the plugin that detected it; on its VSP pod: the one that it runs. */
  plugin: `${prefix}/plugin`,
  /** On a DataProcessingUnit: the identifier that its VSP is given, which two nodes may both have. */
  identifier: `${prefix}/identifier`,
  /** On a DataProcessingUnit: the PCI function by which it was detected, `0000:01:00.0`; absent where its rule names none. */
  pciAddress: `${prefix}/pci-address`,
  /** On a DataProcessingUnit: uid of the Node object that there was when it was detected last. */
  nodeUid: `${prefix}/node-uid`,
  /** On a DataProcessingUnit, by its daemon: an order to the operator to replace a VSP pod that is older than this time. */
  restartVsp: `${prefix}/restart-vsp`,
  /** On a DataProcessingUnit: another value than before has a release tried again that was rolled back there. */
  retry: `${prefix}/retry`,
  /** On a VendorPlugin: another value than before has its versions looked up again. */
  refresh: `${prefix}/refresh`,
  /** On a NetworkAttachmentDefinition, `true`: pods with resource claims get its devices by one of these. */
  devicesByClaim: `${prefix}/devices-by-claim`,
  /** On the ConfigMap of the channel's trust: an order to the operator: see `orders`. */
  trustOrder: `${prefix}/trust-order`,
  /** On a ConfigMap with the trust of another installation: when it was exported there, RFC 3339. */
  trustExported: `${prefix}/trust-exported`,
  /** On the ConfigMap of the channel's trust: why the last order was not followed. */
  trustOrderRefused: `${prefix}/trust-order-refused`,
  /** On what the operator makes: the hash of what it was made from. */
  specHash: `${prefix}/spec-hash`,
  /** On a VSP pod: the digest of the run that it was made from, whatever operator made it. */
  runDigest: `${prefix}/run-digest`,
} as const;

/** The trust between hosts and DPUs; all in the operator's namespace. */
export const trustNames = {
  /** Secret: the authority that the operator makes, where the config names none. */
  authority: 'dpu-channel-ca',
  /** ConfigMap: who this installation is, its authorities and what is revoked. */
  configMap: 'dpu-channel-trust',
  /** Begins the names of ConfigMaps: whom the operator gave a certificate that may be valid still. */
  issuedPrefix: 'dpu-channel-issued-',
  /** Signer of the daemons' CertificateSigningRequests. */
  signer: `${prefix}/channel`,
} as const;

export const finalizers = {
  /** On the DpuOperatorConfig; the operator's. */
  operator: `${prefix}/operator`,
  /** On a DataProcessingUnit; its node's daemon's. */
  daemon: `${prefix}/daemon`,
  /** On a DpuNetwork that DPUs have devices of; the operator's. That of the Go operator, whose networks are taken over. */
  network: `${group}/dpunetwork-cleanup`,
} as const;

/** Field managers: who owns which fields in server-side apply. */
export const fieldManagers = {
  operator: 'dpu-operator',
  daemon: 'dpu-daemon',
  /** The operator's, for the networks of DPUs. */
  networks: 'dpu-operator-networks',
  /** The operator's, for the channel's trust. */
  trust: 'dpu-operator-trust',
  /** The operator's, for what it says in the place of a daemon that is silent. */
  silence: 'dpu-operator-silence',
  /** The operator's, for a condition that it writes beside a status of which it does not understand all. */
  faults: 'dpu-operator-faults',
  /** The operator's, for how far a change has come: another controller than that of the object's other conditions writes it. */
  rollout: 'dpu-operator-rollout',
  /** The operator's, for what the API server knows the injector's webhook by. */
  injector: 'dpu-operator-injector',
} as const;
