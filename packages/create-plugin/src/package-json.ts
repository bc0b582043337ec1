/** The plugin's package.json, from the template's. */
import { z } from 'zod';
import type { Answers, Detection } from './answers.ts';
import type { Repository } from './repository.ts';

const template = z.looseObject({
  scripts: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  devDependencies: z.record(z.string(), z.string()),
  dpu: z.looseObject({}),
});

export interface PackageJsonOptions extends Answers {
  /** Version of this package: the SDK and the harness are released with it. */
  version: string;
  repository: Repository | undefined;
  /** Whether the plugin can be run by `dpu-vsp dev`. */
  dev: boolean;
}

/** @param text package.json of the template */
export function pluginPackageJson(text: string, { version, repository, dev, ...answers }: PackageJsonOptions): string {
  const { scripts, dependencies, devDependencies, dpu, ...rest } = template.parse(JSON.parse(text));
  const released = (all: Record<string, string>) =>
    mapEntries(all, ([name, range]) => [[name, name.startsWith('@dpu-operator/') ? `^${version}` : range]]);
  const needed = (all: Record<string, string>, left: string) =>
    mapEntries(all, (entry) => (dev || entry[0] !== left ? [entry] : []));
  const packageJson = {
    ...rest,
    name: answers.name,
    description: `Plugin of the DPU operator for the ${answers.product}.`,
    ...(repository && { repository }),
    scripts: needed({ ...scripts, conformance: conformance(scripts, answers) }, 'dev'),
    dependencies: released(dependencies),
    devDependencies: needed(released(devDependencies), '@dpu-operator/core'),
    dpu: { ...dpu, products: [product(answers)] },
  };
  return `${JSON.stringify(packageJson, undefined, 2)}\n`;
}

/** Interfaces are for those who serve network functions. */
function conformance({ conformance: script = '' }: Record<string, string>, { contracts }: Answers): string {
  const serves = contracts.includes('networkFunctions') || contracts.includes('chains');
  return serves ? script : script.replace(/ --nf-macs \S+/, '');
}

function product({ product: name, vendor, host, dpu }: Answers) {
  return {
    name,
    ...(host && { host: { detect: rule(host), identifier: identifier(vendor, host) } }),
    ...(dpu && { dpu: { detect: rule(dpu), identifier: identifier(vendor, dpu) } }),
  };
}

/** There is a DPU for each PCI function that matches. */
function identifier(vendor: string, { pci }: Detection): string {
  return `${vendor}-{node}${pci ? '-{pciAddress}' : ''}`;
}

function rule({ pci, dmi, label }: Detection) {
  return {
    ...(pci && { pci: { ...pci, notVf: true } }),
    ...(dmi && { dmiProductContains: dmi }),
    ...(label && { nodeLabel: { key: label.key, values: [label.value] } }),
  };
}

function mapEntries(
  all: Record<string, string>,
  change: (entry: [string, string]) => [string, string][],
): Record<string, string> {
  return Object.fromEntries(Object.entries(all).flatMap(change));
}
