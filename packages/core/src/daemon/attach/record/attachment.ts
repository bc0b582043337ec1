/** What is written down about an attachment before the kernel is touched: all that undoing it needs. */
import type { BridgePort } from '@dpu-operator/sdk';
import { z } from 'zod';
import { placeholderBridge } from '../../../api/index.ts';
import { linkIdentity } from '../link/link-identity.ts';
import { vfSettings } from '../network-config.ts';
import { cniResult } from '../result.ts';

const text = z.string();

/** Absolute directories, separated by colons. */
const programPath = /^(\/[^:]*(:|$))*$/;

/**
 * An IPAM plugin's call, kept so that addresses go back without the runtime's help. It runs a program, so a record
 * gets through no other door than a request: a program's name, looked for in directories of the node.
 */
export const ipamCall = z.object({
  type: text.regex(/^(?!\.{1,2}$)[\w.-]+$/, 'must be the name of a plugin in CNI_PATH'),
  env: z.record(text, text).refine(({ CNI_PATH }) => programPath.test(CNI_PATH ?? ''), {
    path: ['CNI_PATH'],
    message: 'must hold absolute directories',
  }),
  config: text,
});
export type IpamCall = z.infer<typeof ipamCall>;

const physicalFunction = z.object({
  /** The netdev of the PF and the number of the VF in it. */
  netdev: text,
  vf: z.int(),
  /** What the attachment sets, and what was there before. */
  wanted: vfSettings.extend({ mac: text.exactOptional() }),
  before: vfSettings.extend({ mac: text.exactOptional() }),
});
export type PhysicalFunction = z.infer<typeof physicalFunction>;

/** A device as it was in the daemon's namespace, and is to be again. */
export const deviceHome = z.object({
  name: text,
  mac: text,
  mtu: z.int(),
  pciAddress: text.exactOptional(),
  /** Of a virtual function: the PCI address of its physical function. Missing in records of earlier daemons. */
  pfAddress: text.exactOptional(),
  /** Missing in records of daemons that knew devices by name. */
  identity: linkIdentity.exactOptional(),
});
export type DeviceHome = z.infer<typeof deviceHome>;

export const attachment = z.object({
  /** Tells it from a later one of the same container and interface. */
  id: z.uuid(),
  containerId: text,
  ifName: text,
  network: text,
  /** The path that the runtime gave, and which namespace was there: paths are used again. */
  netns: text,
  netnsId: text,
  /** `attaching` and `detaching` are undone where nothing works on them. */
  state: z.enum(['attaching', 'attached', 'detaching']),
  role: z.enum(['hostPort', 'networkFunction']),
  deviceId: text,
  dpuName: text,
  /** The DPU that the device belongs to, where the DPU side of the same node serves it. */
  deviceDpu: text.exactOptional(),
  pf: z.int(),
  vf: z.int(),
  link: deviceHome,
  /** Bound to vfio-pci: nothing moves, and the name of the link is the PCI address. */
  vfio: z.literal(true).exactOptional(),
  /** The MAC of the interface inside the pod. */
  mac: text,
  pod: z.object({ namespace: text, name: text, uid: text.exactOptional() }).exactOptional(),
  physicalFunction: physicalFunction.exactOptional(),
  ipam: ipamCall.exactOptional(),
  /** The DpuNetwork that the device belonged to, and the logical bridge that its port is on. */
  dpuNetwork: z.object({ name: text, logicalBridge: text.exactOptional() }).exactOptional(),
  /** hostPort: name of the bridge port on the DPU side. */
  bridgePort: text.exactOptional(),
  /** networkFunction: the bridge that the network names, 8 hex digits. */
  bridgeId: text.exactOptional(),
  /** networkFunction: which interface of its container it is, in the order in which the runtime asked for them. */
  order: z.int().exactOptional(),
  /** networkFunction: set on both interfaces of a pair once the pair is complete. */
  networkFunction: z
    .object({
      input: text,
      output: text,
      bridgeId: text.exactOptional(),
      /** Id of that bridge, where it is not the default one. */
      logicalBridge: text.exactOptional(),
      /** `namespace/name` of the ServiceFunctionChain, and its name there, where it belongs to one. */
      chain: z.object({ name: text, function: text }).exactOptional(),
    })
    .exactOptional(),
  /** Only its addresses could not be given back: the device is free for others. */
  deviceIsBack: z.literal(true).exactOptional(),
  /** Undone but for its PCI function, which is away and may come back. */
  functionIsAway: z.literal(true).exactOptional(),
  result: cniResult.exactOptional(),
});
export type Attachment = z.infer<typeof attachment>;

export type AttachmentKey = Pick<Attachment, 'containerId' | 'ifName'>;
export const keyOf = ({ containerId, ifName }: AttachmentKey): string => `${containerId}/${ifName}`;

/**
 * The port that an attachment needs on the DPU side, if it needs one. Without a network the number is a placeholder, by
 * which vendors' VSPs know the VF (contract of the Go operator).
 */
export function bridgePortFor({ bridgePort, mac, vf, dpuNetwork }: Attachment): BridgePort | undefined {
  if (bridgePort === undefined) return undefined;
  return {
    name: bridgePort,
    macAddress: mac,
    type: 'ACCESS',
    logicalBridges: [dpuNetwork?.logicalBridge ?? placeholderBridge(vf)],
  };
}

/** For messages. */
export function describe({ pod, containerId, ifName }: Attachment): string {
  return `${ifName} of ${pod ? `pod ${pod.namespace}/${pod.name}` : `container ${containerId}`}`;
}
