import { z } from 'zod';
import { conditionedStatusSchema } from '../fields/meta.ts';
import { npmCredentialsSchema, npmRegistrySchema } from '../fields/npm-registry.ts';
import { rolloutPolicySchema } from '../fields/rollout-policy.ts';
import { configName } from '../names/names.ts';
import { ageColumn, defineKind, messageColumn } from './kind.ts';

const imagePrefixSchema = z
  .string()
  .regex(/^[a-zA-Z0-9.-]+(:[0-9]+)?(\/[a-z0-9._-]+)*$/, 'must be host, host:port, or these with a path')
  .max(253);

const specSchema = z
  .object({
    mode: z
      .enum(['auto', 'host', 'dpu'])
      .default('auto')
      .describe('Which sides the daemons look for: both (auto), only hosts with a DPU, or only DPUs.'),
    logLevel: z
      .int()
      .default(0)
      .describe('How much operator and daemons log: 0 is normal, above 0 is debug. A change needs no restart.'),
    kubeletRoot: z
      .string()
      .regex(/^(\/[^/]+)+$/, 'must be an absolute path without a slash at its end')
      .optional()
      .describe("The kubelet's --root-dir on the nodes. Unset: /var/lib/kubelet."),
    defaultNetwork: z
      .object({
        ipam: z
          .looseObject({ type: z.string().min(1).describe('The IPAM plugin, e.g. whereabouts or host-local.') })
          .meta({ 'x-kubernetes-preserve-unknown-fields': true })
          .optional()
          .describe('The CNI IPAM object of default-sriov-net. Unset: whereabouts on 10.56.217.0/24.'),
      })
      .optional()
      .describe('The network default-sriov-net, which ordinary pods attach to.'),
    trust: z
      .object({
        caSecretName: z
          .string()
          .min(1)
          .max(253)
          .optional()
          .describe(
            "Secret of type kubernetes.io/tls in the operator's namespace whose certificate signs those of the daemons. Unset: the operator makes one.",
          ),
      })
      .optional()
      .describe('Who vouches for the daemons of hosts and DPUs.'),
    plugins: z
      .object({
        registry: npmRegistrySchema
          .optional()
          .describe(
            "npm registry, or mirror of one, of VendorPlugins that name none. Unset: the operator's (NPM_REGISTRY).",
          ),
        credentialsSecret: npmCredentialsSchema.optional(),
        httpRegistries: z
          .array(
            z
              .string()
              .regex(/^[^\s/@]+$/, 'must be a host, or host:port')
              .max(253),
          )
          .max(64)
          .optional()
          .describe(
            'Registries, as host or host:port, that plugins may be taken from by http. All others: by https only.',
          ),
        imageMirrors: z
          .array(
            z.object({
              source: imagePrefixSchema.describe('A registry, or a part of one, e.g. registry.acme.com/dpu.'),
              mirror: imagePrefixSchema.describe('What stands in its place, e.g. mirror.example.com/acme.'),
            }),
          )
          .max(64)
          .optional()
          .describe(
            'Mirrors of registries of images: images of plugins and of their companions are taken from there. Of several the one with the longest source.',
          ),
      })
      .optional()
      .describe('Where plugins come from.'),
    rollout: rolloutPolicySchema
      .optional()
      .describe(
        'How plugins change over all DPUs. Default: 10% at a time, with a deadline of 30 minutes. `maxUnavailable` counts for the daemons, too.',
      ),
    chainNamespaces: z
      .array(z.string().min(1).max(63))
      .max(256)
      .optional()
      .describe(
        "Namespaces, beside the operator's own, whose ServiceFunctionChains are served: pods are made there for them.",
      ),
  })
  .default({ mode: 'auto', logLevel: 0 });

/** The switch that turns the DPU operator on for a cluster; there is one, named `dpu-operator-config`. */
export const dpuOperatorConfig = defineKind(
  {
    kind: 'DpuOperatorConfig',
    description: 'Turns the operator on for the cluster; there is one, named dpu-operator-config.',
    plural: 'dpuoperatorconfigs',
    singular: 'dpuoperatorconfig',
    namespaced: false,
    columns: [
      { name: 'Mode', type: 'string', jsonPath: '.spec.mode' },
      { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
      { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
      ageColumn,
      messageColumn('Ready'),
    ],
    rules: [
      {
        rule: `self.metadata.name == '${configName}'`,
        message: `DpuOperatorConfig must have standard name "${configName}"`,
      },
    ],
  },
  specSchema,
  conditionedStatusSchema,
);

export type DpuOperatorConfig = z.infer<typeof dpuOperatorConfig.schema>;
