import { z } from 'zod';
import { defineKind } from './kind.ts';
import { conditionedStatusSchema } from './meta.ts';

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
});

/** One side of one DPU, as a daemon detected it. */
export const dataProcessingUnit = defineKind(
  {
    kind: 'DataProcessingUnit',
    plural: 'dataprocessingunits',
    singular: 'dataprocessingunit',
    shortNames: ['dpu'],
    namespaced: false,
    columns: [
      { name: 'DPU Product', type: 'string', jsonPath: '.spec.dpuProductName' },
      { name: 'DPU Side', type: 'boolean', jsonPath: '.spec.isDpuSide' },
      { name: 'Node Name', type: 'string', jsonPath: '.spec.nodeName' },
      { name: 'Status', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
    ],
  },
  specSchema,
  conditionedStatusSchema,
);

export type DataProcessingUnit = z.infer<typeof dataProcessingUnit.schema>;

/** Conditions of a DataProcessingUnit. */
export const dpuConditions = {
  /** The daemon's: it can serve pods. */
  ready: 'Ready',
  /** The operator's: its VSP pod runs what the configuration asks for. */
  vspPod: 'VspPod',
  /** The operator's: the DataProcessingUnitConfig that selects it is in force. */
  configured: 'Configured',
} as const;
