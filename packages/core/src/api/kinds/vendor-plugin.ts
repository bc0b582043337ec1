import type { PodManifest } from '@dpu-operator/sdk/manifest';
import { z } from 'zod';
import { conditionsSchema } from '../fields/meta.ts';
import { npmCredentialsSchema, npmRegistrySchema } from '../fields/npm-registry.ts';
import { podOverlaySchema } from '../fields/pod-overlay.ts';
import { manifestLabel } from '../names/names.ts';
import { ageColumn, defineKind, messageColumn, rules } from './kind.ts';

/** An object whose form is not ours to say: a plugin's manifest. */
const manifestSchema = z.looseObject({}).meta({ 'x-kubernetes-preserve-unknown-fields': true });

const specSchema = z
  .object({
    package: z
      .string()
      .regex(/^(@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*$/, 'must be the name of an npm package')
      .max(214)
      .optional()
      .describe('npm package of the plugin.'),
    version: z.string().min(1).default('latest').describe('Version, semver range or tag of the package.'),
    registry: npmRegistrySchema
      .optional()
      .describe(
        "npm registry to take it from; without it that of spec.plugins of the DpuOperatorConfig, else the operator's (NPM_REGISTRY), else the public one. By http only where spec.plugins allows it.",
      ),
    integrity: z
      .string()
      .regex(/^sha(256|384|512)-[A-Za-z0-9+/]+=*$/, 'must look like sha512-<base64>')
      .optional()
      .describe('Hash that the tarball must have; for an exact version.'),
    credentialsSecret: npmCredentialsSchema.optional(),
    refreshMinutes: z
      .int()
      .min(1)
      // Two weeks; beyond 24 days a timer of Node's would be over at once.
      .max(20_160)
      .optional()
      .describe(
        'How often a range or tag, of a package or image, is looked up again; without it only by the annotation dpu.config.openshift.io/refresh, or when the package, its version or registry, or the image changes.',
      ),
    image: z
      .string()
      .min(1)
      .optional()
      .describe('Image to run. With `package`, in place of the general VSP image; without, a VSP on its own.'),
    manifest: manifestSchema
      .optional()
      .describe(
        `Manifest of a VSP that is only an image, as in a package.json. Unset: the label ${manifestLabel} of the image.`,
      ),
    pod: podOverlaySchema.optional().describe('What its pods get beside what the manifest asks for.'),
    requireApproval: z
      .boolean()
      .optional()
      .describe(
        'Whether even the first version waits for `approvedVersion`. Default: false, creating this approves it.',
      ),
    approvedVersion: z
      .string()
      .min(1)
      .optional()
      .describe('The version that may have more than what runs, as the condition Ready asks for.'),
  })
  .meta(
    rules(
      { rule: 'has(self.package) || has(self.image)', message: 'needs a package or an image' },
      { rule: '!has(self.package) || !has(self.manifest)', message: 'a package brings its own manifest' },
      {
        rule: '!has(self.package) || !has(self.pod) || (!has(self.pod.command) && !has(self.pod.args))',
        message: 'command and args are for an image without a package',
        fieldPath: '.pod',
      },
    ),
  );

/** A version of the plugin that was found, and all that running it takes. */
export const releaseSchema = z.object({
  requested: z.string().describe('Version, range or tag as it was asked for.'),
  package: z.string().optional().describe('npm package; absent for an image.'),
  version: z.string().optional().describe('What that is; of an image whose label has the manifest, its digest.'),
  integrity: z.string().optional().describe('Hash of the tarball.'),
  registry: z.string().optional().describe('npm registry that it is taken from.'),
  credentialsSecret: z.string().optional().describe('Secret for that registry.'),
  lock: z.string().optional().describe('ConfigMap with the lock file of the package and all that it depends on.'),
  image: z.string().optional().describe('Image that runs it, where it is not the general VSP image.'),
  askedImage: z.string().optional().describe('The `spec.image` that `version` was found for, where that is a digest.'),
  architectures: z.array(z.string()).optional().describe('What that image can run on, where its registry was asked.'),
  manifest: manifestSchema.describe('Products, pod and settings of that version.'),
});

/** A version that is asked for and cannot be had. */
const failureSchema = z.object({
  requested: z.string().describe('Version, range or tag as it was asked for.'),
  reason: z.string().describe('One CamelCase word for programs.'),
  message: z.string().describe('What is wrong and what to do.'),
});

/** What the plugin asks of its pods, for those who decide whether to let it: a line for each thing. */
const asksSchema = z.object({
  host: z.array(z.string()).optional().describe('On hosts.'),
  dpu: z.array(z.string()).optional().describe('On DPUs.'),
});

/** What later versions are compared with where no version is in use, as after an operator that cannot read its manifest. */
const approvedSchema = z.object({
  version: z.string().describe('That version.'),
  pod: z
    .looseObject({})
    .meta({ 'x-kubernetes-preserve-unknown-fields': true })
    .transform((written) => written as PodManifest)
    .describe('What it asks of its pods.'),
});

const statusSchema = z.object({
  conditions: conditionsSchema.optional(),
  requested: z.string().optional().describe('The `spec.version` that `version` was found for.'),
  version: z
    .string()
    .optional()
    .describe('What `spec.version` is at present; the one before while it cannot be found.'),
  integrity: z.string().optional().describe('Hash of the tarball of `version`.'),
  products: z.array(z.string()).optional().describe('Products of the DPUs that it runs.'),
  asks: asksSchema.optional().describe('What it asks of its pods on each side of its DPUs.'),
  approved: approvedSchema
    .optional()
    .describe('The last version of a package that was taken into use, and what it asks of its pods.'),
  releases: z
    .array(releaseSchema)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['requested'] })
    .describe('All versions in use: that of `spec.version`, and those that DataProcessingUnitConfigs ask for.'),
  failures: z
    .array(failureSchema)
    .optional()
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['requested'] })
    .describe('The versions asked for that cannot be had at present.'),
  lookup: z
    .object({
      generation: z.int().min(0).describe('Generation of this object.'),
      refresh: z.string().optional().describe('Value of that annotation.'),
    })
    .optional()
    .describe('What the last lookup answered: the generation and the annotation `dpu.config.openshift.io/refresh`.'),
});

/** A vendor's plugin: where it comes from, and which version. */
export const vendorPlugin = defineKind(
  {
    kind: 'VendorPlugin',
    description: "A vendor's plugin: where it comes from, and which version.",
    plural: 'vendorplugins',
    singular: 'vendorplugin',
    shortNames: ['vplugin'],
    namespaced: false,
    columns: [
      { name: 'Package', type: 'string', jsonPath: '.spec.package' },
      { name: 'Version', type: 'string', jsonPath: '.status.version' },
      { name: 'Products', type: 'string', jsonPath: '.status.products' },
      { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
      { name: 'Reason', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].reason" },
      { name: 'Rollout', type: 'string', jsonPath: ".status.conditions[?(@.type=='RolledOut')].reason" },
      ageColumn,
      messageColumn('Ready'),
    ],
  },
  specSchema,
  statusSchema,
);

export type VendorPlugin = z.infer<typeof vendorPlugin.schema>;
export type VendorPluginStatus = z.infer<typeof statusSchema>;
export type VendorPluginRelease = z.infer<typeof releaseSchema>;
