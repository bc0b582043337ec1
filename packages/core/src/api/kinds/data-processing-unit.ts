import { z } from 'zod';
import { cardSchema } from '../fields/card-status.ts';
import { channelSchema } from '../fields/channel.ts';
import { conditionsSchema } from '../fields/meta.ts';
import { pluginRunSchema, rolloutSchema } from '../fields/plugin-run.ts';
import { annotations, labels } from '../names/names.ts';
import { ageColumn, defineKind, messageColumn } from './kind.ts';

/** What of a DPU belongs to a DpuNetwork. */
const networkWishSchema = z.object({
  name: z.string().describe('Name of the DpuNetwork.'),
  vfs: z.string().describe('Virtual functions of each of its physical functions: `0-2,5`.'),
  logicalBridge: z
    .string()
    .optional()
    .describe('Id of the logical bridge that its ports are on. Absent: the default bridge.'),
  accelerated: z.boolean().optional().describe('Whether network functions work for it with devices of the card.'),
});

/** One DpuNetwork on this DPU, as its node's daemon serves it. */
const networkReportSchema = z.object({
  name: z.string().describe('Name of the DpuNetwork.'),
  vfs: z.string().optional().describe('As in the spec that this answers; absent where that has it no more.'),
  logicalBridge: z.string().optional().describe('As in the spec that this answers.'),
  accelerated: z.boolean().optional().describe('As in the spec that this answers.'),
  devices: z.int().describe('How many devices pods can have in it, or have.'),
  lacksBridge: z
    .boolean()
    .optional()
    .describe(
      'True where the DPU serves no logical bridges: a network without a VLAN in its spec is on the default bridge there, pods of another are refused.',
    ),
  missing: z.string().optional().describe('Virtual functions that it is to have and that the DPU has not.'),
  waiting: z
    .array(z.string())
    .optional()
    .describe('What devices wait for that are to change network: pods, as `namespace/name`, ten at most.'),
});

const specSchema = z.object({
  dpuProductName: z.string().optional().describe('The product, as the plugin that detected it calls it.'),
  isDpuSide: z.boolean().describe('Whether the node is the DPU itself (true) or a host that it is plugged into.'),
  nodeName: z.string().describe('The node on which the daemon detected it.'),
  numVfs: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('How many virtual functions it should have, from the DataProcessingUnitConfig that selects it.'),
  numVfsPerPf: z
    .array(z.int().min(0).max(65_535))
    .max(16)
    .optional()
    .describe(
      'How many each of its physical functions should have, from the DataProcessingUnitConfig that selects it.',
    ),
  hostPortsExpireAfterMinutes: z
    .int()
    .min(1)
    .max(5_256_000)
    .optional()
    .describe('When the ports of a silent host are deleted, from the DataProcessingUnitConfig that selects it.'),
  channel: channelSchema
    .optional()
    .describe('How host and DPU speak with each other, from the DataProcessingUnitConfig that selects it.'),
  networks: z.array(networkWishSchema).optional().describe('The DpuNetworks that have devices of it, from these.'),
});

/** What the daemon says of the VSP that it talks to. */
const vspSchema = z.object({
  initialisedAt: z.string().describe('When it answered Init: another time is another process of the VSP.'),
  package: z.string().optional().describe('npm name of the plugin; absent where the VSP cannot tell.'),
  version: z.string().optional().describe('Version of the plugin.'),
  contract: z.string().optional().describe('Version of the plugin contract that it serves.'),
  capabilities: z.array(z.string()).optional().describe('What it says that it can do.'),
  features: z
    .array(z.string())
    .optional()
    .describe('What it announces, each with its version and limits: `dpu.devices/1 maxVfs=64`.'),
});

/** How far the daemon has freed a DPU whose VSP is to be replaced. */
const drainSchema = z.object({
  of: z.string().describe('`startedAt` of the rollout, followed by ` back` on its way back.'),
  pods: z.array(z.string()).describe('`namespace/name` of the pods that use it still.'),
  cleared: z.boolean().optional().describe('Whether the VSP was asked to take away what it made on the node.'),
  kept: z.boolean().optional().describe('Whether that stays on the way back, as pods or hosts use the DPU.'),
});

/** What the daemon says of its end of the channel between host and DPU. */
const channelStatusSchema = z.object({
  identity: z.string().optional().describe('Who this end is: the SPIFFE ID in its certificate.'),
  notAfter: z.string().optional().describe('When its certificate expires.'),
  peers: z.array(z.string()).optional().describe('Identities of the other ends that it works with.'),
});

/** One chain on this DPU side, as its node's daemon has wired it. */
const chainReportSchema = z.object({
  name: z.string().describe('`namespace/name` of the ServiceFunctionChain.'),
  phase: z
    .enum(['Ordered', 'Lowered', 'Incomplete', 'Refused'])
    .describe('How its functions are wired: in order, each by itself, not all of them, or refused by the VSP.'),
  generation: z.int().optional().describe('The generation of the ServiceFunctionChain that this speaks of.'),
  missing: z.array(z.string()).optional().describe('Functions that have no interfaces here; with Incomplete.'),
  message: z.string().optional().describe('What the VSP said; with Refused.'),
});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  plugin: pluginRunSchema.optional().describe('What runs it, and was found to work.'),
  rollout: rolloutSchema
    .optional()
    .describe('The change to another plugin, version or settings that is under way, or failed.'),
  vsp: vspSchema.optional().describe('The VSP that the daemon talks to.'),
  card: cardSchema.optional().describe('What the plugin says of the card; as it said last while the VSP is away.'),
  drain: drainSchema.optional().describe('How far it is free of pods, for a rollout.'),
  channel: channelStatusSchema.optional().describe('This end of the channel between host and DPU.'),
  chains: z.array(chainReportSchema).optional().describe('On a DPU side: the chains that it has.'),
  networks: z.array(networkReportSchema).optional().describe('The DpuNetworks that have devices of it, or are to.'),
  hosts: z
    .array(z.string())
    .optional()
    .describe('On a DPU side that is being deleted: hosts that have ports on it; functions of chains stay for them.'),
});

/** One side of one DPU, as a daemon detected it. */
export const dataProcessingUnit = defineKind(
  {
    kind: 'DataProcessingUnit',
    description: 'One side of a DPU that a daemon has found: which product, on which node, and how it is.',
    plural: 'dataprocessingunits',
    singular: 'dataprocessingunit',
    shortNames: ['dpu'],
    namespaced: false,
    columns: [
      { name: 'DPU Product', type: 'string', jsonPath: '.spec.dpuProductName' },
      { name: 'DPU Side', type: 'boolean', jsonPath: '.spec.isDpuSide' },
      { name: 'Node Name', type: 'string', jsonPath: '.spec.nodeName' },
      { name: 'Status', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
      { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
      { name: 'Plugin', type: 'string', jsonPath: '.status.plugin.name' },
      { name: 'Version', type: 'string', jsonPath: '.status.plugin.version' },
      { name: 'Configured', type: 'string', jsonPath: ".status.conditions[?(@.type=='Configured')].reason" },
      { name: 'Firmware', type: 'string', jsonPath: '.status.card.firmwareVersion', priority: 1 },
      { ...ageColumn, priority: 1 },
      messageColumn('Ready'),
    ],
  },
  specSchema,
  statusSchema,
);

export type DataProcessingUnit = z.infer<typeof dataProcessingUnit.schema>;
export type DpuStatus = z.infer<typeof statusSchema>;
export type VspIdentity = z.infer<typeof vspSchema>;
export type CardReport = z.infer<typeof cardSchema>;
export type Drain = z.infer<typeof drainSchema>;
export type ChannelStatus = z.infer<typeof channelStatusSchema>;
export type NetworkWish = z.infer<typeof networkWishSchema>;
export type NetworkReport = z.infer<typeof networkReportSchema>;
export type ChainReport = z.infer<typeof chainReportSchema>;

/** Conditions of a DataProcessingUnit. */
export const dpuConditions = {
  /** The daemon's: it can serve pods. */
  ready: 'Ready',
  /** The daemon's, where it is false: hosts that have bridge ports on a DPU side are away. */
  hostPorts: 'HostPorts',
  /** The daemon's, where a number of virtual functions is asked for: whether it has them, and why not. */
  vfCount: 'VfCount',
  /** The daemon's, where it is false: records on its node cannot be read. */
  records: 'Records',
  /** The daemon's: how host and DPU speak with each other, and why they do not. */
  channel: 'Channel',
  /** The daemon's, where it is false: another DPU of its node has the same identifier. */
  identifierUnique: 'IdentifierUnique',
  /** The operator's: its VSP pod runs what the configuration asks for. */
  vspPod: 'VspPod',
  /** The operator's: it runs the plugin, version and settings that are asked for. */
  configured: 'Configured',
} as const;

/**
 * What of a DataProcessingUnit its node's daemon writes; the rest of spec and status is the operator's. The daemon's code
 * and the admission policies both go by this list: a field that is missing here does not compile there, and is refused.
 */
export const daemonFields = {
  spec: ['dpuProductName', 'isDpuSide', 'nodeName'],
  status: ['vsp', 'card', 'drain', 'channel', 'chains', 'networks', 'hosts'],
  conditions: [
    dpuConditions.ready,
    dpuConditions.hostPorts,
    dpuConditions.vfCount,
    dpuConditions.records,
    dpuConditions.channel,
    dpuConditions.identifierUnique,
  ],
  labels: [labels.node, labels.side, labels.product, labels.vendor],
  annotations: [
    annotations.plugin,
    annotations.identifier,
    annotations.pciAddress,
    annotations.nodeUid,
    annotations.restartVsp,
    annotations.forgetHost,
  ],
} as const satisfies {
  spec: (keyof DataProcessingUnit['spec'])[];
  status: (keyof DpuStatus)[];
  conditions: string[];
  labels: string[];
  annotations: string[];
};

/** What of a DataProcessingUnit's status its daemon writes, beside conditions. */
export type DaemonStatusFields = Pick<DpuStatus, (typeof daemonFields.status)[number]>;
