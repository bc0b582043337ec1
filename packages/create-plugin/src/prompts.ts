/** Asks on the terminal for what the command line left out. */
import { basename } from 'node:path';
import { cancel, group, intro, isCancel, multiselect, select, text } from '@clack/prompts';
import { Cancelled, type Field, fault, type Given, tellsDetection } from './answers.ts';
import type { Asked } from './command.ts';
import { contracts } from './contracts.ts';

/** How a side can be told, with what is asked then. */
const rules = {
  pci: 'PCI vendor and device id (vendor:device, hex digits)',
  dmi: 'Text in the DMI product name',
  label: 'Label of the node (key=value)',
};

export async function ask(given: Given, directory: string | undefined): Promise<Asked> {
  intro('A new plugin for the DPU operator');
  const asked = await group(
    {
      vendor: async () => given.vendor ?? (await question('vendor', 'Vendor, in lower case', 'acme')),
      product: async () => given.product ?? (await question('product', 'Product', 'Acme DPU')),
      host: async () =>
        tellsDetection(given) ? {} : await side('host', 'a host that the DPU is plugged into', ['pci', 'label']),
      dpu: async () => (tellsDetection(given) ? {} : await side('dpu', "the DPU's own node", ['dmi', 'pci', 'label'])),
      contracts: async () => given.contracts ?? (await contractsOf()),
    },
    { onCancel: stop },
  );
  const { host, dpu, ...rest } = asked;
  const name = given.name ?? (await question('name', 'Name of the npm package', `vsp-${asked.vendor}`, true));
  return {
    given: { ...given, ...rest, ...host, ...dpu, name },
    directory: directory ?? (await directoryFor(basename(name))),
  };
}

async function side(side: 'host' | 'dpu', what: string, ways: readonly (keyof typeof rules)[]): Promise<Given> {
  const options = ways.map((value) => ({ value, label: rules[value] }));
  const none = { value: 'none' as const, label: 'Not at all' };
  const way = answered(
    await select<keyof typeof rules | 'none'>({ message: `How is ${what} told?`, options: [...options, none] }),
  );
  if (way === 'none') return {};
  const field = `${side}-${way}` as Field;
  return { [field]: await question(field, rules[way]) };
}

/** @param isDefault Whether no answer stands for the example. */
async function question(field: Field, message: string, example?: string, isDefault = false): Promise<string> {
  const validate = (value: string | undefined) => {
    const wrong = fault(field, value || (isDefault ? (example ?? '') : ''));
    return wrong && `It ${wrong}`;
  };
  const options = { ...(example && { placeholder: example }), ...(isDefault && example && { defaultValue: example }) };
  return answered(await text({ message, validate, ...options }));
}

async function directoryFor(name: string): Promise<string> {
  return answered(await text({ message: 'Directory', placeholder: name, defaultValue: name }));
}

async function contractsOf(): Promise<string> {
  const options = contracts.map((value) => ({ value, label: value }));
  const chosen = await multiselect({
    message: 'Contracts beside lifecycle and devices',
    options,
    initialValues: [...contracts],
    required: false,
  });
  return answered(chosen).join(',') || 'none';
}

function answered<T>(value: T): Exclude<T, symbol> {
  if (isCancel(value)) return stop();
  return value as Exclude<T, symbol>;
}

function stop(): never {
  cancel('Nothing was written.');
  throw new Cancelled();
}
