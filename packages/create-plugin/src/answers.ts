/** What the generator must know, and what it takes for an answer. */
import validateName from 'validate-npm-package-name';
import { z } from 'zod';
import { type Contract, contracts } from './contracts.ts';

/** An error of the one who types, told in one line. */
export class UsageError extends Error {}

/** Whoever was asked wants no plugin after all. */
export class Cancelled extends Error {}

const pci = z
  .string()
  .toLowerCase()
  .regex(/^[0-9a-f]{4}:[0-9a-f]{4}$/, 'must be vendor:device in hex digits, e.g. 1234:5678')
  .transform((text) => ({ vendor: text.slice(0, 4), device: text.slice(5) }));

const label = z
  .string()
  .regex(
    /^([a-z0-9]([a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?=[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/,
    'must be key=value as Kubernetes takes labels, e.g. example.com/dpu=yes',
  )
  .transform((text) => ({ key: text.slice(0, text.indexOf('=')), value: text.slice(text.indexOf('=') + 1) }));

/** Fit for package.json, Markdown and a shell as they are. */
const words = z
  .string()
  .trim()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._+()-]{0,62}$/, 'must be letters, digits and . _ + ( ) -, e.g. "Acme DPU"');

const shorthands = new Map([
  ['all', contracts.join(',')],
  ['none', ''],
]);

const contractList = z
  .string()
  .refine((text) => text.split(',').every((name) => name.trim() !== ''), {
    error: ({ input }) => `must be names between commas, all or none, not ${JSON.stringify(input)}`,
    abort: true,
  })
  .transform((text) =>
    (shorthands.get(text) ?? text)
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
  .pipe(
    z.array(
      z.enum(contracts, {
        error: ({ input }) => `has no ${JSON.stringify(input)}; there are ${contracts.join(', ')}, all, none`,
      }),
    ),
  )
  .transform((chosen): Contract[] => contracts.filter((name) => chosen.includes(name)));

/** By the option's name on the command line, without dashes. */
export const fields = {
  vendor: z.string().regex(/^[a-z]([a-z0-9-]{0,29}[a-z0-9])?$/, 'must be lower-case letters, digits and -, e.g. acme'),
  product: words,
  name: z.string().refine((name) => npmFault(name) === undefined, {
    error: ({ input }) => `must be the name of an npm package, e.g. @acme/vsp: ${npmFault(String(input))}`,
  }),
  'host-pci': pci,
  'host-label': label,
  'dpu-pci': pci,
  'dpu-dmi': words,
  'dpu-label': label,
  contracts: contractList,
};

function npmFault(name: string): string | undefined {
  const { errors = [], warnings = [], validForNewPackages } = validateName(name);
  return validForNewPackages ? undefined : [...errors, ...warnings][0];
}

export type Field = keyof typeof fields;

/** As typed; what was left out is not there. */
export type Given = Partial<Record<Field, string>>;

const sideFields = ['host-pci', 'host-label', 'dpu-pci', 'dpu-dmi', 'dpu-label'] as const;

/** What is wrong with an answer, beginning with a verb; undefined for a good one. */
export function fault(field: Field, text: string): string | undefined {
  const parsed = fields[field].safeParse(text);
  return parsed.success ? undefined : `${parsed.error.issues[0]?.message}`;
}

/** How one side of the DPU is told; all that is given must be there. */
export interface Detection {
  pci?: { vendor: string; device: string } | undefined;
  dmi?: string | undefined;
  label?: { key: string; value: string } | undefined;
}

export interface Answers {
  /** Lower case: goes into identifiers. */
  vendor: string;
  product: string;
  /** npm name of the plugin. */
  name: string;
  host?: Detection;
  dpu?: Detection;
  contracts: Contract[];
}

/** Whether any rule tells where the DPU is. */
export function tellsDetection(given: Given): boolean {
  return sideFields.some((field) => given[field] !== undefined);
}

/** @throws UsageError naming every option that is wrong or missing */
export function parseAnswers(given: Given): Answers {
  const parsed = z.object(fields).partial().safeParse(given);
  const faults = (parsed.error?.issues ?? []).map(({ path: [field], message }) => {
    const text = given[String(field) as Field];
    return `--${String(field)} ${message}${field === 'contracts' ? '' : `, not ${JSON.stringify(text)}`}`;
  });
  for (const field of ['vendor', 'product'] as const) {
    if (given[field] === undefined) faults.push(`--${field} is missing`);
  }
  if (!tellsDetection(given)) {
    const options = sideFields.map((field) => `--${field}`).join(', ');
    faults.push(`nothing tells where the DPU is: give one or more of ${options}`);
  }
  if (given['dpu-pci'] !== undefined && given['dpu-pci'] === given['host-pci']) {
    faults.push(
      '--dpu-pci must differ from --host-pci: a machine with what the DPU itself sees is not taken for its host',
    );
  }
  const { vendor, product, name = `vsp-${vendor}`, contracts: chosen = [...contracts], ...rules } = parsed.data ?? {};
  if (faults.length > 0 || !vendor || !product) throw new UsageError(faults.join('\n'));
  const host = { pci: rules['host-pci'], label: rules['host-label'] };
  const dpu = { pci: rules['dpu-pci'], dmi: rules['dpu-dmi'], label: rules['dpu-label'] };
  return { vendor, product, name, ...(isGiven(host) && { host }), ...(isGiven(dpu) && { dpu }), contracts: chosen };
}

function isGiven(detection: Detection): boolean {
  return Object.values(detection).some((rule) => rule !== undefined);
}
