/** Schema of a side of a product: how it is told, and what its DPU is called. */
import { z } from 'zod';
import type { DetectionRule } from '../manifest.ts';
import { placeholdersOf, unknownPlaceholders } from './identifier.ts';
import { isAboutFunctions, mentionsFunctions } from './rule-match.ts';

const hexId = (digits: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `must be ${digits} lower-case hex digits`);

/** Bytes of the config space of a PCI Express function (PCI Express Base Specification, 7.2). */
const configSpaceBytes = 4096;

const pciIds = {
  vendor: hexId(4).describe('PCI vendor id, e.g. 177d'),
  device: hexId(4).describe('PCI device id, e.g. b900'),
  subsystemVendor: hexId(4)
    .describe('PCI subsystem vendor id, for cards of one chip that are not one product')
    .optional(),
  subsystemDevice: hexId(4).describe('PCI subsystem device id').optional(),
  class: z
    .string()
    .regex(/^([0-9a-f]{2}){1,3}$/, 'must be 2, 4 or 6 lower-case hex digits')
    .describe('Start of the PCI class, e.g. 02 for network controllers')
    .optional(),
  notVf: z.literal(true).describe('Leaves virtual functions (devices with a physfn link) out').optional(),
};

// What Kubernetes takes for the key and the values of a label.
const labelKey = /^([a-z0-9]([a-z0-9-.]{0,251}[a-z0-9])?\/)?[a-zA-Z0-9]([\w.-]{0,61}[a-zA-Z0-9])?$/;
const labelValue = /^([a-zA-Z0-9]([\w.-]{0,61}[a-zA-Z0-9])?)?$/;

const part: z.ZodType<DetectionRule> = z.lazy(() => rule);
const parts = z.array(part).min(1);

const rule = z
  .strictObject({
    pci: z.strictObject(pciIds).describe('A PCI function with these ids; matches once for each').optional(),
    netdevName: z
      .string()
      .min(1)
      .refine(isRegularExpression, 'must be a regular expression')
      .describe('Regular expression that one of the netdevs of the PCI function must match')
      .optional(),
    present: z
      .strictObject({
        ...pciIds,
        sameSlot: z.literal(true).describe('It must be in the slot of the function that the rule is about').optional(),
      })
      .describe('The machine must have another PCI function with these ids')
      .optional(),
    dmiProductContains: z.string().min(1).describe('Text in the DMI product name of the machine').optional(),
    deviceTreeCompatibleContains: z
      .string()
      .min(1)
      .describe("Text in one of the `compatible` strings of the device tree's root")
      .optional(),
    nodeLabel: z
      .strictObject({
        key: z.string().regex(labelKey, 'must be the key of a label, e.g. acme.example.com/dpu'),
        values: z.array(z.string().regex(labelValue, 'must be the value of a label')).min(1),
      })
      .describe('Label of the node that must have one of the values')
      .optional(),
    anyOf: parts.describe('At least one of these rules must match').optional(),
    allOf: parts.describe('Each of these rules must match').optional(),
    not: part.describe('This rule must not match').optional(),
  })
  .refine((all) => Object.keys(all).length > 0, 'must hold at least one rule')
  .describe('All that is given must match');

const detect = rule.refine(
  (all) => isAboutFunctions(all) || !mentionsFunctions(all),
  'a PCI function must be named by pci, in each alternative of anyOf and not only within not; for one that must be there and is not the card, use present',
);

const serialSource = z.union([
  z
    .strictObject({ offset: z.int().min(0), length: z.int().min(1).max(64) })
    .refine(
      ({ offset, length }) => offset + length <= configSpaceBytes,
      `must end within the ${configSpaceBytes} bytes of the config space`,
    ),
  z.enum(['dsn', 'vpd'], 'must be dsn, vpd or an offset and length in the config space'),
]);

const fallbackPlaceholders = ['node', 'slot', 'pciAddress'];

const serial = z.strictObject({
  from: z
    .array(serialSource)
    .min(1)
    .describe(
      'Where the number is read, the first that can be: dsn (Device Serial Number of PCI Express), vpd (Vital Product Data), or bytes of the config space',
    ),
  fallback: z
    .string()
    .regex(/\{/, 'must hold a placeholder, or all cards without a number would be one')
    .refine((template) => !strangers(template, fallbackPlaceholders), {
      error: ({ input }) => unknownMessage(strangers(String(input), fallbackPlaceholders), fallbackPlaceholders),
    })
    .describe('Template for a card that has no number to read: text with {node}, {slot}, {pciAddress}')
    .optional(),
});

export const side = z
  .strictObject({
    detect,
    serial: serial.describe('Serial number of the card').optional(),
    groupBy: z
      .enum(['function', 'slot', 'serial'])
      .describe(
        'Which of the PCI functions that match are one DPU. Default: serial where there is a rule for that, else function',
      )
      .optional(),
    identifier: z
      .string()
      .regex(/[a-zA-Z0-9]/, 'must hold a letter or digit, for the name of the DataProcessingUnit')
      .refine((template) => unknownPlaceholders(template).length === 0, {
        error: ({ input }) =>
          unknownMessage(unknownPlaceholders(String(input))[0], [
            ...fallbackPlaceholders,
            'serial',
            'mac:<pci address>',
            'mac:.<function of the slot>',
          ]),
      })
      .describe(
        'Template of the identifier: text with {pciAddress}, {slot}, {serial}, {node}, {mac:<pci address>}, {mac:.<function>}',
      ),
  })
  .superRefine((all, context) => {
    for (const [field, message] of sideFaults(all)) context.addIssue({ code: 'custom', path: [field], message });
  });

interface Side {
  detect: DetectionRule;
  serial?: object | undefined;
  groupBy?: string | undefined;
  identifier: string;
}

/** What does not fit together, by field. */
function sideFaults({ detect, serial, groupBy, identifier }: Side): [string, string][] {
  const isOfFunctions = isAboutFunctions(detect);
  const used = placeholdersOf(identifier);
  const isBySerial = (groupBy ?? (serial && 'serial')) === 'serial';
  const faults: [string, string, boolean][] = [
    ['identifier', '{pciAddress} needs a pci rule', used.includes('pciAddress') && !isOfFunctions],
    ['identifier', '{slot} needs a pci rule', used.includes('slot') && !isOfFunctions],
    ['identifier', '{mac:.0} needs a pci rule', used.some((name) => name.startsWith('mac:.')) && !isOfFunctions],
    ['identifier', '{serial} needs a serial rule', used.includes('serial') && !serial],
    [
      'identifier',
      '{pciAddress} is of one function, where several in any slots are one DPU: use {serial}',
      used.includes('pciAddress') && isOfFunctions && isBySerial,
    ],
    ['serial', 'needs a pci rule', serial !== undefined && !isOfFunctions],
    ['groupBy', 'needs a pci rule', groupBy !== undefined && !isOfFunctions],
    ['groupBy', 'serial needs a serial rule', groupBy === 'serial' && !serial],
  ];
  return faults.flatMap(([field, message, isWrong]) => (isWrong ? [[field, message]] : []));
}

const strangers = (template: string, known: readonly string[]): string | undefined =>
  placeholdersOf(template).find((name) => !known.includes(name));

const unknownMessage = (name: string | undefined, known: readonly string[]): string =>
  `unknown placeholder {${name}}; there are ${known.map((one) => `{${one}}`).join(', ')}`;

function isRegularExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
