/**
 * Schema of the `dpu` manifest in a plugin's package.json: what the operator and daemon must know before they run any of
 * the plugin's code.
 */
import { z } from 'zod';
import { contractFault, isRange } from './contract-version.ts';
import { placeholdersOf, unknownPlaceholders } from './identifier.ts';

const hexId = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `must be ${digits} lower-case hex digits`);

const pci = z.strictObject({
  vendor: hexId(4).describe('PCI vendor id, e.g. 177d'),
  device: hexId(4).describe('PCI device id, e.g. b900'),
  class: z
    .string()
    .regex(/^([0-9a-f]{2}){1,3}$/, 'must be 2, 4 or 6 lower-case hex digits')
    .describe('Start of the PCI class, e.g. 02 for network controllers')
    .optional(),
  notVf: z.literal(true).describe('Leaves virtual functions (devices with a physfn link) out').optional(),
});

const detectionRule = z
  .strictObject({
    pci: pci.describe('A PCI device; matches once per card').optional(),
    netdevName: z
      .string()
      .refine(isRegularExpression, 'must be a regular expression')
      .describe('Regular expression that one of the netdevs of the PCI device must match')
      .optional(),
    dmiProductContains: z.string().min(1).describe('Text in the DMI product name of the machine').optional(),
    uniqueBySerial: z
      .strictObject({ offset: z.int().min(0), length: z.int().min(1).max(64) })
      .describe('Serial number in the PCI config space (bytes); several PCI devices with one serial are one DPU')
      .optional(),
    nodeLabel: z
      .strictObject({ key: z.string().min(1), values: z.array(z.string()).min(1) })
      .describe('Label of the node that must have one of the values')
      .optional(),
  })
  .refine((rule) => Object.keys(rule).length > 0, 'must hold at least one rule')
  .refine((rule) => rule.pci || !(rule.netdevName || rule.uniqueBySerial), 'netdevName and uniqueBySerial need pci')
  .describe('All rules that are given must match');

const side = z
  .strictObject({
    detect: detectionRule,
    identifier: z
      .string()
      .min(1)
      .refine((template) => unknownPlaceholders(template).length === 0, {
        error: ({ input }) =>
          `unknown placeholder {${unknownPlaceholders(String(input))[0]}}; there are {pciAddress}, {serial}, {node}, {mac:<pci address>}`,
      })
      .describe('Template of the identifier: text with {pciAddress}, {serial}, {node}, {mac:<pci address>}'),
  })
  .refine(({ detect, identifier }) => detect.pci || !placeholdersOf(identifier).includes('pciAddress'), {
    path: ['identifier'],
    error: '{pciAddress} needs a pci rule',
  })
  .refine(({ detect, identifier }) => detect.uniqueBySerial || !placeholdersOf(identifier).includes('serial'), {
    path: ['identifier'],
    error: '{serial} needs a uniqueBySerial rule',
  });

const product = z
  .strictObject({
    name: z.string().min(1).describe('dpuProductName of the DataProcessingUnit'),
    host: side.describe('How a host that the DPU is plugged into is told').optional(),
    dpu: side.describe("How the DPU's own node is told").optional(),
  })
  .refine(({ host, dpu }) => host || dpu, 'must have host, dpu or both');

const devSettings = z
  .record(z.string(), z.json())
  .describe('Settings of this side; {hostIp}, {dpuIp} and {uplink} stand for those of the harness');

const hostPath = z.strictObject({
  path: z.string().startsWith('/').describe('Directory of the node, mounted at the same place in the pod'),
  readOnly: z.boolean().optional(),
  propagation: z.enum(['None', 'HostToContainer', 'Bidirectional']).optional(),
});

const privileges = z
  .strictObject({
    privileged: z.boolean().default(false),
    capabilities: z.array(z.string().regex(/^[A-Z_]+$/, 'must look like NET_ADMIN')).default([]),
    hostPaths: z.array(hostPath).default([]),
    hostNetwork: z.boolean().default(true),
    seccomp: z
      .enum(['RuntimeDefault', 'Unconfined'])
      .default('RuntimeDefault')
      .describe('Filter of system calls; of no effect where the container is privileged'),
  })
  .describe("What the plugin's pod may do on the node");

export const pluginManifest = z
  .strictObject({
    $schema: z.string().optional(),
    contract: z
      .string()
      .refine(isRange, { error: 'must be a range of versions as npm reads it, e.g. ^1.1.0', abort: true })
      .refine((range) => contractFault(range) === undefined, { error: ({ input }) => contractFault(String(input)) })
      .describe('Versions of the plugin contract that the plugin works with: a range as npm reads it, e.g. ^1.1.0'),
    products: z.array(product).min(1),
    privileges: privileges.prefault({}),
    programs: z
      .array(z.string().regex(/^[A-Za-z0-9._+-]+$/, 'must be the name of a program, without its path'))
      .default([])
      .describe('Programs that the plugin runs; each must be on the PATH of the image'),
    image: z
      .string()
      .min(1)
      .describe('Image to run the plugin in, for plugins that need more than the general VSP image has; built from it')
      .optional(),
    disturbsTraffic: z
      .union([z.boolean(), z.array(z.enum(['host', 'dpu']))])
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
  .describe('Manifest of a DPU plugin: key `dpu` of its package.json');

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
