/** The vendor's path with published packages only, as packages/sdk/docs/tutorial.md tells it. */
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guideFiles } from '../../support/documents/guides.ts';
import { documentCommands, readmeCommands, words } from '../../support/documents/readme.ts';
import { alone } from '../../support/programs/harness.ts';
import { type Outsider, outsider, stepsOf } from './scaffold-fixture.ts';

const options = '--vendor acme --product "Acme DPU" --dpu-label acme.com/dpu=yes';
const contracts = ['bridge', 'networkFunctions', 'chains', 'networkConfig'];
let fixture: Outsider;
/** Where the tutorial ends; other plugins use what it has installed. */
let tutorial: string;

beforeAll(async () => {
  fixture = await outsider();
}, 600_000);

afterAll(() => fixture?.[Symbol.asyncDispose]());

it('the tutorial leads to a published plugin', { timeout: 1_200_000 }, async () => {
  const steps = await stepsOf('packages/sdk/docs/tutorial.md');
  const start = performance.now();
  const times: string[] = [];
  tutorial = await fixture.follow(steps, (command) => times.push(`${seconds(start)} s: ${command}`));
  console.log([...times, `${seconds(start)} s: done`].join('\n'));
  const [look = '', publish = ''] = await documentCommands('packages/sdk/docs/guides/publishing.md', 'The package');
  expect(steps).toContainEqual({ command: publish });
  await fixture.run(look, tutorial);
  const view = await fixture.run('npm view @acme/dpu-vsp dpu --json');
  expect(JSON.parse(view)).toMatchObject({ products: [{ name: 'Acme DPU' }] });
  const { dependencies } = JSON.parse(await readFile(join(tutorial, 'package.json'), 'utf8'));
  expect(Object.keys(dependencies)).toEqual(['@dpu-operator/sdk']);
});

it('the code of the guides compiles and runs', { timeout: 600_000 }, async () => {
  const files = await guideFiles(await readFile(join(tutorial, 'package.json'), 'utf8'));
  for (const { path, text } of files) {
    await mkdir(dirname(join(tutorial, 'guides', path)), { recursive: true });
    await writeFile(join(tutorial, 'guides', path), text);
  }
  // A guide shows what is to be done, and leaves out what its reader has.
  const compilerOptions = { noUnusedLocals: false, noUnusedParameters: false };
  const tsconfig = { extends: '../tsconfig.json', compilerOptions, include: ['**/*'] };
  await writeFile(join(tutorial, 'guides/tsconfig.json'), JSON.stringify(tsconfig));
  await fixture.run('node_modules/.bin/tsc --project guides', tutorial);
  const output = await fixture.run('node_modules/.bin/vitest run guides/', tutorial);
  expect(output).toMatch(/Test Files .* passed/);
});

it('the README leads to a plugin that lints, builds and conforms, here without contracts', {
  timeout: 600_000,
}, async () => {
  const [npmCreate = '', enter = '', ...commands] = await readmeCommands('Write a plugin');
  // Without a terminal nobody can be asked.
  await fixture.run(`${npmCreate} -- ${options} --contracts none`);
  const directory = join(fixture.home, enter.replace('cd ', ''));
  await shareInstalled(directory);
  commands.push(...(await documentCommands('packages/create-plugin/template/README.md', 'Develop it')));
  const all = new Set(commands.map((command) => words(command).join(' ')));
  expect(all.delete('npm install')).toBe(true);
  for (const command of all) await fixture.run(command, directory);
  // What the guide says is what was run.
  const [conformance = ''] = await documentCommands('packages/sdk/docs/guides/publishing.md', 'Without the card');
  const { scripts } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'));
  expect(scripts.conformance).toContain(conformance);
});

describe('some contracts only', () => {
  it.each(['chains', 'bridge,networkFunctions'])(
    '%s: lints, builds and conforms',
    { timeout: 600_000 },
    async (chosen) => {
      const directory = await create('npm create @dpu-operator/plugin', chosen, '--');
      await fixture.run('npm run lint', directory);
      await fixture.run('npm test', directory);
    },
  );

  it('every choice has correct types', { timeout: 300_000 }, async () => {
    const main = resolve('packages/create-plugin/dist/main.js');
    const include: string[] = [];
    for (let bits = 0; bits < 2 ** contracts.length; bits++) {
      const chosen = contracts.filter((_contract, index) => bits & (1 << index)).join(',') || 'none';
      const directory = await create(`node ${main}`, chosen);
      include.push(join(directory, 'src'), join(directory, 'test'));
    }
    // All at once: what they have in common is most of the work.
    await writeFile(join(tutorial, 'tsconfig.choices.json'), JSON.stringify({ extends: './tsconfig.json', include }));
    await fixture.run(`${tutorial}/node_modules/.bin/tsc --project tsconfig.choices.json`, tutorial);
  });
});

it('dpu-vsp dev comes with one npm install', { timeout: 300_000 }, async () => {
  const directory = join(fixture.home, 'vendor');
  await mkdir(directory);
  await writeFile(join(directory, 'package.json'), '{"private":true}');
  // Not every npm runs install scripts, and none is needed.
  await fixture.run('npm install --ignore-scripts @dpu-operator/sdk @dpu-operator/vsp-mock', directory);
  const [install = '', run = ''] = await documentCommands('packages/core/README.md', '@dpu-operator/core');
  const guide = 'packages/sdk/docs/guides/dev.md';
  expect(await documentCommands(guide, 'Run a plugin without hardware or cluster')).toEqual([
    install,
    'npm run build',
    run,
  ]);
  const [once = ''] = await documentCommands(guide, 'In CI');
  expect(once).toBe(`${run} --once`);
  // Not npx itself: that of this workspace has Node find the packages of this workspace.
  const program = once.replace('sudo npx ', `${directory}/node_modules/.bin/`);
  const dev = `${program} --plugin node_modules/@dpu-operator/vsp-mock`;
  const hint = expect.stringContaining('npm install --save-dev @dpu-operator/core');
  await expect(fixture.run(dev, directory)).rejects.toMatchObject({ exitCode: 3, all: hint });

  await fixture.run(`${install} --ignore-scripts`, directory);
  await expect(alone(() => fixture.run(dev, directory))).resolves.toContain('✓ ping from pod1 through both functions');
});

it('npm create says which option is missing or wrong', { timeout: 120_000 }, async () => {
  const readme = 'packages/create-plugin/README.md';
  const [asks = '', complete = ''] = await documentCommands(readme, 'Write a plugin for the DPU operator');
  await expect(fixture.run(asks)).rejects.toThrow('--vendor');
  const elsewhere = join(fixture.home, 'elsewhere');
  await mkdir(elsewhere);
  await fixture.run(complete, elsewhere);
  const wrong = fixture.run(
    'npm create @dpu-operator/plugin wrong -- --vendor acme --product "Acme DPU" --host-pci 12',
  );
  await expect(wrong).rejects.toThrow('--host-pci must be vendor:device');
});

async function create(command: string, chosen: string, separator = ''): Promise<string> {
  const name = `${command.split(' ')[0]}-${chosen.replaceAll(',', '-')}`;
  await fixture.run(`${command} ${name} ${separator} ${options} --contracts ${chosen}`);
  const directory = join(fixture.home, name);
  await shareInstalled(directory);
  return directory;
}

/** In place of `npm install`. */
function shareInstalled(directory: string): Promise<void> {
  return symlink(join(tutorial, 'node_modules'), join(directory, 'node_modules'));
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}
