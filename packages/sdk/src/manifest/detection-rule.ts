/** Schema of a side of a product: how it is told, and what its DPU is called. */
import { z } from 'zod';
import { placeholdersOf, unknownPlaceholders } from './identifier.ts';

const hexId = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `must be ${digits} lower-case hex digits`);

/** Bytes of the config space of a PCI Express function (PCI Express Base Specification, 7.2). */
const configSpaceBytes = 4096;

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

// What Kubernetes takes for the key and the values of a label.
const labelKey = /^([a-z0-9]([a-z0-9-.]{0,251}[a-z0-9])?\/)?[a-zA-Z0-9]([\w.-]{0,61}[a-zA-Z0-9])?$/;
const labelValue = /^([a-zA-Z0-9]([\w.-]{0,61}[a-zA-Z0-9])?)?$/;

const detectionRule = z
  .strictObject({
    pci: pci.describe('A PCI device; matches once per card').optional(),
    netdevName: z
      .string()
      .min(1)
      .refine(isRegularExpression, 'must be a regular expression')
      .describe('Regular expression that one of the netdevs of the PCI device must match')
      .optional(),
    dmiProductContains: z.string().min(1).describe('Text in the DMI product name of the machine').optional(),
    uniqueBySerial: z
      .strictObject({ offset: z.int().min(0), length: z.int().min(1).max(64) })
      .refine(
        ({ offset, length }) => offset + length <= configSpaceBytes,
        `must end within the ${configSpaceBytes} bytes of the config space`,
      )
      .describe('Serial number in the PCI config space (bytes); several PCI devices with one serial are one DPU')
      .optional(),
    nodeLabel: z
      .strictObject({
        key: z.string().regex(labelKey, 'must be the key of a label, e.g. acme.example.com/dpu'),
        values: z.array(z.string().regex(labelValue, 'must be the value of a label')).min(1),
      })
      .describe('Label of the node that must have one of the values')
      .optional(),
  })
  .refine((rule) => Object.keys(rule).length > 0, 'must hold at least one rule')
  .refine((rule) => rule.pci || !(rule.netdevName || rule.uniqueBySerial), 'netdevName and uniqueBySerial need pci')
  .describe('All rules that are given must match');

export const side = z
  .strictObject({
    detect: detectionRule,
    identifier: z
      .string()
      .regex(/[a-zA-Z0-9]/, 'must hold a letter or digit, for the name of the DataProcessingUnit')
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

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
