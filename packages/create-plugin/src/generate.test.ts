import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parsePluginManifest } from '@dpu-operator/sdk/manifest';
import { detect, type FakeMachine, fakeSysfs } from '@dpu-operator/sdk/testing';
import { expect, onTestFinished, test } from 'vitest';
import { type Answers, type Given, parseAnswers } from './answers.ts';
import { type Contract, contracts } from './contracts.ts';
import { generate, ownVersion } from './generate.ts';

const repository = join(import.meta.dirname, '../../..');
const given: Given = { vendor: 'acme', product: 'Acme DPU', 'host-pci': '1d0f:efa1', 'dpu-dmi': 'Acme Card' };

/** Every choice of contracts, from none to all. */
const choices = Array.from({ length: 2 ** contracts.length }, (_, bits) => {
  const chosen = contracts.filter((_contract, index) => bits & (1 << index));
  return { chosen, list: chosen.join(',') || 'none' };
});

async function plugin(answers: Answers): Promise<{ directory: string; files: Map<string, string> }> {
  const directory = await mkdtemp(join(tmpdir(), 'create-plugin-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const paths = await generate({ directory, answers, dev: true });
  const texts = paths.map(async (path) => [path, await readFile(join(directory, path), 'utf8')] as const);
  return { directory, files: new Map(await Promise.all(texts)) };
}

test.each(choices)(
  'contracts $list: linted and formatted, with nothing of the template left',
  async ({ chosen, list }) => {
    const { directory, files } = await plugin(parseAnswers({ ...given, contracts: list }));
    for (const [path, text] of files) expect(text, path).not.toMatch(/#(end)?region|vsp-example|Example DPU/);
    const all = [...files.values()].join('\n');
    const words = {
      bridge: 'BridgePort',
      networkFunctions: "networkFunction'",
      chains: 'ServiceChain',
      networkConfig: 'NetworkConfig',
    } satisfies Record<Contract, string>;
    expect(contracts.filter((contract) => all.includes(words[contract]))).toEqual(chosen);
    const biome = join(repository, 'node_modules/.bin/biome');
    await promisify(execFile)(biome, ['check', '--error-on-warnings', '.'], { cwd: directory });
  },
);

test('the manifest says what was answered', async () => {
  const { files } = await plugin(parseAnswers({ ...given, name: '@acme/vsp' }));
  const packageJson = JSON.parse(files.get('package.json') ?? '');
  expect(packageJson).toMatchObject({ name: '@acme/vsp', description: 'Plugin of the DPU operator for the Acme DPU.' });
  expect(parsePluginManifest(packageJson).products).toEqual([
    {
      name: 'Acme DPU',
      host: {
        detect: { pci: { vendor: '1d0f', device: 'efa1', notVf: true } },
        identifier: 'acme-{node}-{pciAddress}',
      },
      dpu: { detect: { dmiProductContains: 'Acme Card' }, identifier: 'acme-{node}' },
    },
  ]);
  const { files: readme } = await plugin(parseAnswers({ ...given, vendor: 'zephyr', 'dpu-pci': '1d0f:efa2' }));
  expect(readme.get('README.md')).toMatch(/\n {2}name: zephyr\n.*`kubectl describe vplugin zephyr`/s);
  // A machine may have several such functions.
  expect(JSON.parse(readme.get('package.json') ?? '').dpu.products[0].dpu.identifier).toBe(
    'zephyr-{node}-{pciAddress}',
  );
  const labels = await plugin(parseAnswers({ vendor: 'acme', product: 'Acme DPU', 'host-label': 'dpu=host' }));
  expect(parsePluginManifest(JSON.parse(labels.files.get('package.json') ?? '')).products).toEqual([
    {
      name: 'Acme DPU',
      host: { detect: { nodeLabel: { key: 'dpu', values: ['host'] } }, identifier: 'acme-{node}' },
    },
  ]);
});

test.each<Given>([
  { 'host-pci': '1d0f:efa1', 'dpu-dmi': 'Acme Card' },
  { 'host-pci': '1d0f:efa1', 'host-label': 'acme.com/dpu=yes', 'dpu-pci': '1d0f:efa2' },
  { 'dpu-label': 'acme.com/dpu=yes', 'dpu-dmi': 'Acme Card' },
])('the hardware that stands in for the card is what the rules look for: %j', async (rules) => {
  const { files } = await plugin(parseAnswers({ vendor: 'acme', product: 'Acme DPU', ...rules }));
  const packageJson = JSON.parse(files.get('package.json') ?? '');
  const machines: Record<string, FakeMachine & { labels?: Record<string, string> }> = JSON.parse(
    files.get('test/machine.json') ?? '',
  );
  const [product] = parsePluginManifest(packageJson).products;
  expect(Object.keys(machines)).toEqual(['host', 'dpu'].filter((side) => side in (product ?? {})));
  for (const [side, { labels = {}, ...machine }] of Object.entries(machines)) {
    await using sysfs = await fakeSysfs(machine);
    expect(await detect({ packageJson, sysfs, node: { labels } })).toMatchObject([{ side }]);
  }
});

test('names the repository that it is made in', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'create-plugin-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const git = (...args: string[]) => promisify(execFile)('git', args, { cwd: directory });
  await git('init', '--quiet');
  await git('remote', 'add', 'origin', 'git@example.com:acme/vsp.git');
  await generate({ directory, answers: parseAnswers(given), dev: true });
  const { repository } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  expect(repository).toEqual({ type: 'git', url: 'git+ssh://git@example.com/acme/vsp.git' });
});

test('has the files that npm would have read for itself under their names', async () => {
  const { files } = await plugin(parseAnswers(given));
  expect([...files.keys()]).toEqual(expect.arrayContaining(['.gitignore', 'biome.json', 'Containerfile']));
});

test('asks for the SDK of its own release, and for the tools that it was tested with', async () => {
  const { files } = await plugin(parseAnswers(given));
  const read = async (path: string) => JSON.parse(await readFile(join(repository, path), 'utf8'));
  const { dependencies, devDependencies } = JSON.parse(files.get('package.json') ?? '');
  const version = await ownVersion();
  expect(dependencies).toEqual({ '@dpu-operator/sdk': `^${version}` });
  expect((await read('packages/sdk/package.json')).version).toBe(version);
  const { '@dpu-operator/core': _core, ...tools } = devDependencies;
  expect((await read('package.json')).devDependencies).toMatchObject(tools);
});

test('each template has a note for those who come from the one before', async () => {
  const notes = await readFile(join(repository, 'packages/create-plugin/MIGRATIONS.md'), 'utf8');
  const numbers = [...notes.matchAll(/^## (.*)$/gm)].map(([, title]) => Number(title));
  const { files } = await plugin(parseAnswers(given));
  const { dpuTemplate } = JSON.parse(files.get('package.json') ?? '');
  expect(numbers).toEqual(Array.from({ length: dpuTemplate }, (_, index) => index + 1));
});
