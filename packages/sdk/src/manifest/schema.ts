/**
 * Schema of the `dpu` manifest in a plugin's package.json: what the operator and daemon must know before they run any of
 * the plugin's code.
 */
import { z } from 'zod';
import { contractFault, isRange, newerHost } from './contract-version.ts';
import { side } from './detection/detection-rule.ts';
import { optionalFields } from './optional-fields.ts';
import { isImageName } from './pod/image.ts';
import { pod } from './pod/pod.ts';

/** Version of this schema. A manifest that needs a later one is refused by what reads this. */
const manifestVersion = 1;

const product = z
  .strictObject({
    name: z.string().min(1).describe('dpuProductName of the DataProcessingUnit'),
    host: side.describe('How a host that the DPU is plugged into is told').optional(),
    dpu: side.describe("How the DPU's own node is told").optional(),
  })
  .refine(({ host, dpu }) => host || dpu, 'must have host, dpu or both');

const products = z
  .array(product)
  .min(1)
  .superRefine((all, context) => {
    for (const [index, { name }] of all.entries()) {
      if (all.findIndex((other) => other.name === name) === index) continue;
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `there is a product ${name} already` });
    }
  });

const programs = z.array(z.string().regex(/^[A-Za-z0-9._+-]+$/, 'must be the name of a program, without its path'));

const devSettings = z
  .record(z.string(), z.json())
  .describe('Settings of this side; {hostIp}, {dpuIp} and {uplink} stand for those of the harness');

export const pluginManifest = z
  .strictObject({
    manifestVersion: z
      .int()
      .refine((version) => versionFault(version) === undefined, { error: ({ input }) => versionFault(Number(input)) })
      .meta({ const: manifestVersion })
      .describe('Version of the manifest that the plugin needs. Default: 1')
      .optional(),
    optionalFields,
    contract: z
      .string()
      .refine(isRange, { error: 'must be a range of versions as npm reads it, e.g. ^1.1.0', abort: true })
      .refine((range) => contractFault(range) === undefined, { error: ({ input }) => contractFault(String(input)) })
      .describe('Versions of the plugin contract that the plugin works with: a range as npm reads it, e.g. ^1.1.0'),
    hostApi: z
      .string()
      .refine(isRange, { error: 'must be a range of versions as npm reads it, e.g. ^1.0.0' })
      .describe(
        "Versions of the plugin host's API that the module works with, e.g. ^1.0.0; only a VSP that is an image has none",
      )
      .optional(),
    products,
    pod: pod.default({}),
    programs: z
      .union(
        [programs, z.strictObject({ host: programs.optional(), dpu: programs.optional() })],
        'must be a list of names, e.g. ["ip"], or an object with such a list for host, dpu or both',
      )
      .default([])
      .describe('Programs that the plugin runs, or those of each side; they must be on the PATH of the image'),
    image: z
      .string()
      .refine(isImageName, 'must be the name of an image, e.g. registry.example.com/acme/vsp:1.2.0')
      .describe('Image to run the plugin in, for plugins that need more than the general VSP image has; built from it')
      .optional(),
    disturbsTraffic: z
      .union([z.boolean(), z.array(z.enum(['host', 'dpu']))], 'must be true, false or a list of sides, e.g. ["dpu"]')
      .default(false)
      .describe(
        'Whether a restart of the plugin interrupts pods, or on which sides: their nodes are drained of them first',
      ),
    settings: z
      .record(z.string(), z.json())
      .default({ type: 'object', additionalProperties: false })
      .describe("JSON schema of the plugin's settings"),
    dev: z
      .strictObject({ host: devSettings.optional(), dpu: devSettings.optional() })
      .describe('What `dpu-vsp dev` runs the plugin with; of no meaning to the operator')
      .optional(),
  })
  .describe('Manifest of a DPU plugin');

function versionFault(version: number): string | undefined {
  if (version === manifestVersion) return undefined;
  if (version < manifestVersion) return `must be ${manifestVersion}`;
  return `the manifest is of version ${version}, served is ${manifestVersion}: install ${newerHost}`;
}
