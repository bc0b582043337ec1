import { z } from 'zod';
import { conditionedStatusSchema, subdomain } from '../fields/meta.ts';
import { longestNetworkName } from '../names/names.ts';
import { ageColumn, defineKind, messageColumn, rules } from './kind.ts';

// The bounds on sizes are there for the API server, which refuses a CEL rule whose cost it cannot bound.
const networkFunctionSchema = z
  .object({
    name: z.string().max(253).regex(subdomain).describe('Name of the network function and of its pod.'),
    image: z.string().max(4096).default('').describe('Container image that is the network function.'),
    securityContext: z
      .looseObject({})
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .optional()
      .describe("The container's securityContext, as in a pod. Unset: privileged."),
  })
  .meta(
    rules({
      rule: "self.image.trim() != ''",
      message: 'spec.networkFunctions[].image must name a container image',
      fieldPath: '.image',
      reason: 'FieldValueRequired',
    }),
  );

const specSchema = z
  .object({
    nodeSelector: z
      .record(z.string(), z.string())
      .optional()
      .describe('Labels of the DPU nodes that the chain may run on; absent is any.'),
    networkFunctions: z
      .array(networkFunctionSchema)
      .max(64)
      .default([])
      .describe('The functions that traffic passes, from the hosts to the outside.'),
    network: z
      .string()
      .max(longestNetworkName)
      .regex(subdomain)
      .optional()
      .describe('Name of the DpuNetwork whose traffic alone passes the chain. Unset: that of all networks.'),
  })
  .meta(
    rules(
      {
        rule: 'has(self.networkFunctions) && size(self.networkFunctions) > 0',
        message: 'spec.networkFunctions must list at least one network function',
        fieldPath: '.networkFunctions',
        reason: 'FieldValueRequired',
      },
      {
        rule: '!has(self.networkFunctions) || self.networkFunctions.all(a, self.networkFunctions.exists_one(b, b.name == a.name))',
        message: 'spec.networkFunctions[].name must be unique: two network functions have the same name',
        fieldPath: '.networkFunctions',
        reason: 'FieldValueInvalid',
      },
    ),
  );

const functionStatusSchema = z.object({
  name: z.string().describe('Name of the network function and of its pod.'),
  podUid: z.string().describe('uid of that pod.'),
});

const statusSchema = conditionedStatusSchema.extend({
  node: z.string().optional().describe('The node that runs the chain.'),
  nodeUid: z.string().optional().describe('uid of its Node object when that was last one that may run the chain.'),
  functions: z
    .array(functionStatusSchema)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] })
    .describe('The functions that have a pod, in the order of the chain.'),
  network: z.string().optional().describe('The DpuNetwork that logicalBridge is of.'),
  logicalBridge: z
    .string()
    .optional()
    .describe('Id of the logical bridge whose traffic alone passes the chain. Absent: that of all.'),
});

/** Network functions through which a DPU's traffic passes. */
export const serviceFunctionChain = defineKind(
  {
    kind: 'ServiceFunctionChain',
    description: 'Network functions that the traffic of hosts passes on their DPUs.',
    plural: 'servicefunctionchains',
    singular: 'servicefunctionchain',
    shortNames: ['sfc'],
    namespaced: true,
    columns: [
      { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
      { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
      { name: 'Node', type: 'string', jsonPath: '.status.node' },
      ageColumn,
      messageColumn('Ready'),
    ],
  },
  specSchema,
  statusSchema,
);

export type ServiceFunctionChain = z.infer<typeof serviceFunctionChain.schema>;
export type NetworkFunctionSpec = ServiceFunctionChain['spec']['networkFunctions'][number];
export type ChainStatus = z.infer<typeof statusSchema>;
