/** What the guides show of manifests, machines and commands is what there is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addConformanceCommand } from '../conformance/command/command.ts';
import { addDevCommand } from '../dev/register.ts';
import { requireSettingsSchema } from '../settings/validate.ts';
import { fakeSysfs } from '../testing/sysfs.ts';
import { contractVersion } from './contract-version.ts';
import { hostApiVersion } from './host-api-version.ts';
import { parsePluginManifest } from './parse.ts';

const directory = join(import.meta.dirname, '../../docs/guides');
const pages = readdirSync(directory).map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }));

function blocksOf(language: string) {
  const fence = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm');
  return pages.flatMap(({ name, text }) => [...text.matchAll(fence)].map(([, block = '']) => ({ name, block })));
}

const examples = blocksOf('json').map(({ name, block }) => ({ name, json: JSON.parse(block) }));
const detect = { dmiProductContains: 'Card' };
const minimal = { contract: '^1.0.0', products: [{ name: 'Card', dpu: { detect, identifier: 'card-{node}' } }] };
const isMachine = ({ host, dpu }: { host?: object; dpu?: object }) =>
  'pci' in (host ?? {}) || 'dmiProduct' in (dpu ?? {});

test.each(examples.filter(({ json }) => 'dpu' in json && !isMachine(json) && !('detect' in json.dpu)))(
  'a manifest in $name: $json',
  ({ json }) => {
    const manifest = parsePluginManifest({ dpu: { ...minimal, ...json.dpu } });
    expect(manifest).toMatchObject(json.dpu);
    requireSettingsSchema(manifest.settings);
  },
);

test.each(examples.filter(({ json }) => !isMachine(json) && !('dpu' in json && !('detect' in json.dpu))))(
  'rules in $name: $json',
  ({ json: { host, dpu, ...side } }) => {
    const rules = { detect: { pci: { vendor: '1d0f', device: 'efa1' } }, identifier: 'card-{node}', ...side };
    const product = host || dpu ? { host, dpu } : { host: rules };
    const { products } = parsePluginManifest({ dpu: { contract: '^1.0.0', products: [{ name: 'Card', ...product }] } });
    expect(products).toMatchObject([product]);
  },
);

test.each(examples.filter(({ json }) => isMachine(json)))('a machine in $name', async ({ json }) => {
  for (const side of Object.values<object>(json)) {
    // Links take root.
    const machine = JSON.parse(
      JSON.stringify(side, (key, value) => (key === 'wire' || key === 'numVfs' ? undefined : value)),
    );
    await using sysfs = await fakeSysfs(machine);
    expect((await sysfs.snapshot()).pci).toHaveLength('pci' in machine ? 1 : 0);
  }
});

test('there are examples of each kind', () => {
  expect(examples.filter(({ name }) => name === 'cards.md').length).toBeGreaterThan(5);
  expect(examples.filter(({ json }) => isMachine(json))).toHaveLength(2);
  expect(examples.length).toBeGreaterThan(10);
});

test('options of dpu-vsp in the guides are those that there are', () => {
  const program = new Command();
  addConformanceCommand(program);
  addDevCommand(program);
  const known = new Map(program.commands.map((command) => [command.name(), command.options.map(({ long }) => long)]));
  const lines = blocksOf('sh').flatMap(({ block }) => block.split('\n'));
  const used = lines.flatMap((line) => {
    const [, command = '', rest = ''] = /dpu-vsp (conformance|dev)(.*)$/.exec(line) ?? [];
    return [...rest.matchAll(/--[a-z-]+/g)].map(([option]) => ({ command, option }));
  });
  expect(used.length).toBeGreaterThan(5);
  for (const { command, option } of used) expect(known.get(command), command).toContain(option);
});

test('the versions that are told are those that are served', () => {
  const versions = pages.find(({ name }) => name === 'versions.md')?.text ?? '';
  expect(versions).toMatch(new RegExp(`^\\| the plugin contract +\\|[^|]*\\| ${contractVersion} `, 'm'));
  expect(versions).toMatch(new RegExp(`^\\| the host API +\\|[^|]*\\| ${hostApiVersion} `, 'm'));
});
