import { z } from 'zod';
import { requirementRules } from '../fields/label-selector.ts';
import { conditionsSchema } from '../fields/meta.ts';
import { vfRangePattern } from '../fields/vf-ranges.ts';
import { acceleratedNetwork, longestNetworkName } from '../names/names.ts';
import { ageColumn, defineKind, messageColumn, rules } from './kind.ts';

/** The key of `dpuSelector` that names virtual functions, and no label. */
export const vfIdKey = 'vfId';

// The bounds on sizes are there for the API server, which refuses a CEL rule whose cost it cannot bound.
const selectorSchema = z
  .object({
    matchLabels: z.record(z.string(), z.string()).optional().describe('Labels that must have these values.'),
    matchExpressions: z
      .array(
        z
          .object({
            key: z.string().max(317).describe('Key of a label.'),
            operator: z.string().max(16).describe('In, NotIn, Exists or DoesNotExist.'),
            values: z.array(z.string().max(63)).max(64).optional().describe('With In and NotIn: values of the label.'),
          })
          .meta(requirementRules(vfIdKey)),
      )
      .max(16)
      .optional()
      .describe('Conditions on labels, all of which must hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

const specSchema = z
  .object({
    nodeSelector: selectorSchema
      .optional()
      .describe('Selects the nodes whose DPUs belong to the network. Empty or absent selects all.'),
    dpuSelector: selectorSchema
      .meta(
        rules(
          {
            rule: `!has(self.matchExpressions) || self.matchExpressions.all(e, e.key != '${vfIdKey}' || (e.operator.lowerAscii() == 'in' && has(e.values) && e.values.all(v, v.matches('${vfRangePattern}'))))`,
            message: `${vfIdKey} takes the operator In and numbers or ranges of VFs: "0-2", "5"`,
            fieldPath: '.matchExpressions',
            reason: 'FieldValueInvalid',
          },
          {
            rule: `!has(self.matchLabels) || !('${vfIdKey}' in self.matchLabels)`,
            message: `${vfIdKey} belongs into matchExpressions, with the operator In`,
            fieldPath: '.matchLabels',
            reason: 'FieldValueInvalid',
          },
        ),
      )
      .optional()
      .describe(
        `Selects DataProcessingUnits by their labels, and by the key ${vfIdKey} with the operator In the virtual functions of each of their physical functions: numbers and ranges, "0-2".`,
      ),
    isAccelerated: z
      .boolean()
      .optional()
      .describe('Whether network functions on the DPU side work for the network, with devices of the card for them.'),
    vlan: z
      .int()
      .min(0)
      .max(4094)
      .optional()
      .describe(
        'VLAN of the network on the DPU. Networks with the same one are one. 0: the default bridge, as of default-sriov-net. Unset: the operator chooses one that no other network has.',
      ),
    mtu: z.int().min(68).max(65_535).optional().describe("MTU of the pods' interfaces. Unset: the device's own."),
    ipam: z
      .looseObject({ type: z.string().min(1).describe('The IPAM plugin, e.g. whereabouts, host-local or dhcp.') })
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .optional()
      .describe('The CNI IPAM object of the network. Unset: pods get no addresses.'),
    podsOnChange: z
      .enum(['Wait', 'Evict'])
      .optional()
      .describe(
        'What becomes of pods whose devices are to change network: the change waits until they end (Wait, the default), or they are evicted.',
      ),
  })
  .default({});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  resourceName: z.string().optional().describe('The resource that pods ask for.'),
  selectedVFs: z.array(z.int()).optional().describe('The virtual functions that dpuSelector names.'),
  vlanId: z.int().min(1).max(4094).optional().describe('The VLAN that the operator chose, where the spec names none.'),
  dpus: z.int().optional().describe('How many DataProcessingUnits it has devices on.'),
  devices: z.int().optional().describe('How many devices pods can have in it, or have.'),
});

/** Virtual functions of DPUs that are a network of their own: a resource that pods ask for, and a bridge. */
export const dpuNetwork = defineKind(
  {
    kind: 'DpuNetwork',
    description: 'Virtual functions of DPUs that are a network of their own, with a resource that pods ask for.',
    plural: 'dpunetworks',
    singular: 'dpunetwork',
    shortNames: ['dpunet'],
    namespaced: false,
    columns: [
      { name: 'Resource', type: 'string', jsonPath: '.status.resourceName' },
      { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
      { name: 'Devices', type: 'integer', jsonPath: '.status.devices' },
      { name: 'Isolated', type: 'string', jsonPath: ".status.conditions[?(@.type=='Isolated')].status" },
      { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
      ageColumn,
      messageColumn('Ready'),
    ],
    rules: [
      {
        rule: `size(self.metadata.name) <= ${longestNetworkName}`,
        message: `metadata.name: a DpuNetwork's has ${longestNetworkName} characters at most: openshift.io/dpunetwork-<name> is the name of a resource`,
      },
      {
        rule: `self.metadata.name != '${acceleratedNetwork}'`,
        message: `metadata.name: ${acceleratedNetwork} is kept for ${acceleratedNetwork}-nad, by which accelerated functions get their devices`,
      },
    ],
  },
  specSchema,
  statusSchema,
);

export type DpuNetwork = z.infer<typeof dpuNetwork.schema>;
export type DpuNetworkStatus = z.infer<typeof statusSchema>;
