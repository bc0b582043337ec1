/** Schema of what a plugin asks of its pod: for both sides of its DPUs, and for each where they differ. */
import { z } from 'zod';
import { repeated } from '../repeated.ts';
import { containerFaults, containerFields } from './container.ts';
import { isImageName } from './image.ts';
import { rbacRule } from './rbac-rule.ts';

const fileName = z
  .string()
  .max(253)
  .regex(/^[-._a-zA-Z0-9]+$/, 'must be a key of a Secret or ConfigMap: letters, digits, ., _ and -')
  .refine((name) => !name.startsWith('..'), 'must not begin with two dots');

const files = z
  .strictObject({
    keys: z
      .array(fileName)
      .min(1)
      .superRefine(repeated((name) => name)),
    optional: z.boolean().describe('Whether the plugin can do without. Default: false').optional(),
    description: z.string().max(1_000).describe('For those who have to make it').optional(),
  })
  .describe('The keys that the plugin reads. A DataProcessingUnitConfig names the object');

const companion = z
  .strictObject({
    name: z
      .string()
      .max(63)
      .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a DNS label: lower-case letters, digits and -')
      .refine((name) => name !== 'vsp', 'must not be vsp, as the container of the plugin is called'),
    image: z
      .string()
      .refine(isImageName, 'must be the name of an image, e.g. registry.example.com/acme/p4:1.2.0')
      .describe('Without it the companion is in the pod only where the VendorPlugin names one (spec.pod.companions)')
      .optional(),
    command: z.array(z.string()).min(1).describe("Default: the image's entry point").optional(),
    args: z.array(z.string()).optional(),
    ...containerFields,
  })
  .superRefine((one, context) => {
    for (const { path, message } of containerFaults(one)) context.addIssue({ code: 'custom', path, message });
  });

const sideFields = {
  ...containerFields,
  hostNetwork: z.boolean().describe("Whether the pod is in the node's network namespace. Default: true").optional(),
  hostPID: z.boolean().describe("Whether the pod sees the node's processes. Default: false").optional(),
  secret: files.optional(),
  configMap: files.optional(),
  companions: z
    .array(companion)
    .superRefine(
      repeated(
        ({ name }) => name,
        () => ['name'],
      ),
    )
    .describe('Containers that start before the plugin, end after it, and share its network and /var/run/dpu-shared')
    .optional(),
  rbac: z
    .array(rbacRule)
    .describe("Rights on the API in the operator's namespace, for the ServiceAccount that the VendorPlugin names")
    .optional(),
  gracePeriodSeconds: z
    .int()
    .min(1)
    .max(600)
    .describe('Seconds from SIGTERM until the pod is killed. Default: 30')
    .optional(),
};

const oneSide = z.strictObject(sideFields);

export const pod = z
  .strictObject({
    ...sideFields,
    host: oneSide.describe('On the host side, in place of the fields beside it').optional(),
    dpu: oneSide.describe('On the DPU side, in place of the fields beside it').optional(),
  })
  .superRefine(({ host = {}, dpu = {}, ...common }, context) => {
    const told = new Set<string>();
    for (const [name, side] of Object.entries({ host, dpu })) {
      for (const { path, message } of containerFaults({ ...common, ...side })) {
        const field = String(path[0]);
        const full = field in side ? [name, ...path] : path;
        if (told.has(full.join('.'))) continue;
        told.add(full.join('.'));
        context.addIssue({ code: 'custom', path: full, message });
      }
    }
  })
  .describe('What the plugin asks of its pod');
