import { z } from 'zod';
import { channelSchema } from '../fields/channel.ts';
import { requirementRules } from '../fields/label-selector.ts';
import { conditionedStatusSchema } from '../fields/meta.ts';
import { rolloutPolicySchema } from '../fields/rollout-policy.ts';
import { trustNames } from '../names/names.ts';
import { ageColumn, defineKind, messageColumn, rules } from './kind.ts';

const selectorSchema = z
  .object({
    matchLabels: z.record(z.string(), z.string()).optional().describe('Labels that must have these values.'),
    matchExpressions: z
      .array(
        z
          .object({
            key: z.string().describe('Key of a label.'),
            operator: z.string().describe('In, NotIn, Exists or DoesNotExist.'),
            values: z.array(z.string()).optional().describe('With In and NotIn: values of the label.'),
          })
          .meta(requirementRules()),
      )
      .optional()
      .describe('Conditions on labels, all of which must hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });

/** The authority of the channel between hosts and DPUs is for no plugin to read. */
const filesSchema = (kind: string) =>
  z
    .object({ name: z.string().min(1).max(253).describe('Its name.') })
    .meta(
      rules({ rule: `self.name != '${trustNames.authority}'`, message: "is the operator's own", fieldPath: '.name' }),
    )
    .describe(
      `${kind} in this namespace whose keys, those that the plugin's manifest names, are given to it as files. A change of its content reaches the plugin without a restart.`,
    );

const specSchema = z
  .object({
    dpuSelector: selectorSchema
      .optional()
      .describe(
        'Selects DataProcessingUnits by their labels: dpu.config.openshift.io/ with node, side, product and vendor, and your own. Empty or absent selects all of them.',
      ),
    plugin: z
      .object({
        name: z
          .string()
          .min(1)
          .describe('Name of the VendorPlugin; of a plugin that ships with the operator, its npm package.'),
        version: z
          .string()
          .min(1)
          .optional()
          .describe("Version, semver range or tag, in place of the VendorPlugin's own."),
      })
      .optional()
      .describe('The plugin that runs the selected DPUs; without it the one that detected them.'),
    numVfs: z.int().min(0).max(65_535).optional().describe('How many virtual functions each selected DPU gets.'),
    numVfsPerPf: z
      .array(z.int().min(0).max(65_535))
      .min(1)
      .max(16)
      .optional()
      .describe(
        'How many virtual functions the physical functions of each selected DPU get, in their order; in place of numVfs.',
      ),
    hostPortsExpireAfterMinutes: z
      .int()
      .min(1)
      .max(5_256_000)
      .optional()
      .describe(
        'On a DPU side: the bridge ports of a host that was not heard of for so long are deleted. Default: never.',
      ),
    channel: channelSchema
      .optional()
      .describe('How the selected DPUs speak with their other side. Default: mutual TLS.'),
    rollout: rolloutPolicySchema
      .optional()
      .describe('How the plugins of the selected DPUs change, beside what the DpuOperatorConfig says for all.'),
    secret: filesSchema('Secret').optional(),
    configMap: filesSchema('ConfigMap').optional(),
    settings: z
      .looseObject({})
      .meta({ 'x-kubernetes-preserve-unknown-fields': true })
      .optional()
      .describe(
        "Settings of the vendor's plugin, by the JSON schema in its manifest. {nodeIp:<node>} in a text stands for the InternalIP of a node, which is kept current.",
      ),
  })
  .meta(
    rules({
      rule: '!has(self.numVfs) || !has(self.numVfsPerPf)',
      message: 'numVfs is the number of the whole card: set that or numVfsPerPf',
    }),
  )
  .default({});

/** Settings for the DPUs that it selects. Where two select one DPU, the older holds. */
export const dataProcessingUnitConfig = defineKind(
  {
    kind: 'DataProcessingUnitConfig',
    description:
      'Which plugin, version and settings the DPUs that it selects run. Where two select one DPU, the older holds.',
    plural: 'dataprocessingunitconfigs',
    singular: 'dataprocessingunitconfig',
    shortNames: ['dpuconfig'],
    namespaced: true,
    columns: [
      { name: 'VFs', type: 'integer', jsonPath: '.spec.numVfs' },
      { name: 'Applied', type: 'string', jsonPath: ".status.conditions[?(@.type=='Applied')].status" },
      { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Applied')].reason" },
      { name: 'Rollout', type: 'string', jsonPath: ".status.conditions[?(@.type=='RolledOut')].reason" },
      ageColumn,
      messageColumn('Applied'),
    ],
  },
  specSchema,
  conditionedStatusSchema,
);

export type DataProcessingUnitConfig = z.infer<typeof dataProcessingUnitConfig.schema>;
export type LabelSelector = z.infer<typeof selectorSchema>;
