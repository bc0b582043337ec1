/** The SDK as a vendor gets it: packed, installed from the tarball by npm into an empty project, compiled, run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { VspClient } from '@dpu-operator/sdk/client';
import { execa } from 'execa';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const sdk = join(root, 'packages/sdk');
const directory = mkdtempSync(join(tmpdir(), 'dpu-sdk-package-'));
const project = join(directory, 'project');
const installed = join(project, 'node_modules/@dpu-operator/sdk');
const path = [join(sdk, 'node_modules/.bin'), join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter);
/** Without the packages of this tree, which pnpm's programs make known to their children. */
const environment = { PATH: path, NODE_PATH: '' };
let tarball: string;

const entries = ['', '/manifest', '/client', '/host', '/settings', '/linux', '/conformance', '/testing'];

const run = (file: string, args: readonly string[], cwd: string) =>
  execa(file, args, { cwd, env: environment, reject: false, all: true });

beforeAll(async () => {
  const packed = await run('npx', ['--yes', 'pnpm@12.21.0', 'pack', '--pack-destination', directory], sdk);
  expect(packed.exitCode, packed.all).toBe(0);
  tarball = join(directory, globSync('*.tgz', { cwd: directory })[0] ?? '');
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'project', version: '1.0.0', type: 'module' }));
  const added = await run('npm', ['install', '--no-audit', '--no-fund', tarball], project);
  expect(added.exitCode, added.all).toBe(0);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('its types resolve for every kind of importer, and publint finds nothing', async () => {
  const types = await run('attw', [tarball, '--profile', 'esm-only'], directory);
  expect(types.exitCode, types.all).toBe(0);
  const lint = await run('publint', [tarball, '--strict'], directory);
  expect(lint.exitCode, lint.all).toBe(0);
});

test('it is one package of at most 5 MB, without sources and tests, and its native module', () => {
  const packages = globSync('**/package.json', { cwd: join(project, 'node_modules') });
  // The native module comes in the form of the machine, without an install script.
  const native = `@koromix/koffi-linux-${process.arch}/package.json`;
  expect(packages.sort()).toEqual(['@dpu-operator/sdk/package.json', native]);
  const files = globSync('**', { cwd: installed }).filter((file) => statSync(join(installed, file)).isFile());
  const bytes = files.reduce((sum, file) => sum + statSync(join(installed, file)).size, 0);
  expect(bytes).toBeLessThan(5e6);
  expect(files.filter((file) => /\.test\.|^src\/|(?<!\.d)\.ts$/.test(file))).toEqual([]);
});

test('what package.json exports is there, and the workspace condition is not', () => {
  const { exports } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  expect(Object.keys(exports).filter((name) => !name.endsWith('.json'))).toEqual(entries.map((name) => `.${name}`));
  const targets = Object.values<string | Record<string, string>>(exports).map((target) =>
    typeof target === 'string' ? { default: target } : target,
  );
  expect(targets.flatMap(Object.keys).filter((condition) => !['types', 'default'].includes(condition))).toEqual([]);
  expect(targets.flatMap(Object.values<string>).filter((file) => !existsSync(join(installed, file)))).toEqual([]);
});

test.each([
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['esnext', 'bundler'],
])('a plugin compiles with module %s and moduleResolution %s, its libraries checked', async (module, resolution) => {
  const imports = entries.map((entry, index) => `import * as entry${index} from '@dpu-operator/sdk${entry}';`);
  const plugin = `import { definePlugin, type Plugin } from '@dpu-operator/sdk';
export default definePlugin<{ vfs: number }>({
  create: ({ settings, logger }): Plugin => {
    logger.info({ vfs: settings.vfs }, 'made');
    return { address: { ip: '', port: 1 }, getDevices: async () => [], setNumVfs: async (count) => count };
  },
});
// @ts-expect-error: nothing of the SDK may be \`any\`
const wrong: number = entry0.definePlugin;
export const all = [wrong, ${entries.map((_entry, index) => `entry${index}`).join(', ')}];
`;
  writeFileSync(join(project, 'plugin.ts'), `${imports.join('\n')}\n${plugin}`);
  const language = ['--strict', '--target', 'es2024', '--lib', 'es2024,esnext.disposable'];
  const node = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
  const modules = ['--module', module, '--moduleResolution', resolution];
  const compiled = await run('tsc', ['--noEmit', ...language, ...node, ...modules, 'plugin.ts'], project);
  expect(compiled.all).toBe('');
  expect(compiled.exitCode).toBe(0);
});

test('two copies of it type-check together: what passes between a plugin and a helper package is known by its members', async () => {
  const helper = join(project, 'helper');
  cpSync(installed, join(helper, 'node_modules/@dpu-operator/sdk'), { recursive: true });
  const types = `import type { DpuError, Platform, Plugin, PluginContext, PluginDefinition } from '@dpu-operator/sdk';`;
  writeFileSync(join(helper, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(helper, 'helper.ts'),
    `${types}
import { fakePlatform, startPlugin } from '@dpu-operator/sdk/testing';
export { fakePlatform, startPlugin };
export const take = (plugin: Plugin, _context: PluginContext<unknown>, _error: DpuError): Plugin => plugin;
export const machine: Platform = fakePlatform();
export const define = (create: () => Plugin): PluginDefinition<unknown> => ({ create });
`,
  );
  writeFileSync(
    join(project, 'two-copies.ts'),
    `${types}
import { DpuError as Failure } from '@dpu-operator/sdk';
import { fakePlatform, startPlugin } from '@dpu-operator/sdk/testing';
import * as helper from './helper/helper.ts';
export const use = (plugin: Plugin, context: PluginContext<unknown>) => helper.take(plugin, context, new Failure('NOT_FOUND', ''));
export const failure = (error: DpuError): Failure => error;
export const mine: Platform = helper.machine;
export const definition: PluginDefinition<unknown> = helper.define(() => use(null as never, null as never));
export const started = [
  helper.startPlugin(definition, { packageJson: {}, platform: fakePlatform() }),
  startPlugin(definition, { packageJson: {}, platform: helper.fakePlatform() }),
];
`,
  );
  const language = [
    '--strict',
    '--target',
    'es2024',
    '--lib',
    'es2024,esnext.disposable',
    '--allowImportingTsExtensions',
  ];
  const node = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
  const compiled = await run(
    'tsc',
    ['--noEmit', '--module', 'nodenext', ...language, ...node, 'two-copies.ts'],
    project,
  );
  expect(compiled.all).toBe('');
});

test('its command serves a plugin that imports it, and asks the kernel by its native module', async () => {
  const plugin = join(project, 'node_modules/acme-vsp');
  mkdirSync(plugin);
  const side = { detect: { dmiProductContains: 'Acme' }, identifier: 'acme' };
  const manifest = { contract: '^1.1.0', hostApi: '^1.0.0', products: [{ name: 'Acme DPU', dpu: side }] };
  const packageJson = { name: 'acme-vsp', version: '1.2.3', type: 'module', exports: './index.js', dpu: manifest };
  writeFileSync(join(plugin, 'package.json'), JSON.stringify(packageJson));
  const code = `import { DpuError, definePlugin } from '@dpu-operator/sdk';
import { Netlink } from '@dpu-operator/sdk/linux';
export default definePlugin({
  create: () => ({
    address: { ip: '127.0.0.1', port: 1 },
    getDevices: async () => {
      const links = new Netlink();
      const lo = await links.findLink('lo');
      links.close();
      return [{ id: lo.name, healthy: true }];
    },
    setNumVfs: async () => { throw new DpuError('OUT_OF_RANGE', 'no more'); },
  }),
});`;
  writeFileSync(join(plugin, 'index.js'), code);
  const socketPath = join(directory, 'vsp.sock');
  const command = join(project, 'node_modules/.bin/dpu-vsp');
  const child = spawn(command, ['serve', '--plugin', plugin, '--socket', socketPath], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const client = new VspClient({ socketPath, logger: pino({ level: 'silent' }) });
  onTestFinished(async () => {
    client.close();
    child.kill('SIGKILL');
    await ended;
  });
  await new Promise<void>((resolve) => client.onConnectivity((connected) => connected && resolve()));
  await expect(client.getInfo()).resolves.toMatchObject({ packageName: 'acme-vsp', packageVersion: '1.2.3' });
  await client.init({ dpuMode: true, dpuIdentifier: 'acme' });
  await expect(client.getDevices()).resolves.toEqual([{ id: 'lo', healthy: true }]);
  await expect(client.setNumVfs(1)).rejects.toMatchObject({ code: 'OUT_OF_RANGE', message: 'no more' });
  child.kill('SIGTERM');
  await expect(ended).resolves.toEqual([0, null]);
});

test('a plugin whose bundle came without the native module has that of the program which runs it', async () => {
  const bundle = join(directory, 'bundle');
  cpSync(join(installed, 'dist/lib'), bundle, { recursive: true });
  writeFileSync(join(bundle, 'package.json'), '{ "type": "module" }');
  const program = join(project, 'program.js');
  const code = `const { Netlink } = await import(${JSON.stringify(join(bundle, 'linux.js'))});
    const links = new Netlink();
    console.log((await links.findLink('lo')).name);
    links.close();`;
  writeFileSync(program, code);
  expect(await run('node', [program], project)).toMatchObject({ stdout: 'lo', exitCode: 0 });
  // Without any, the error says which package.
  const alone = await run('node', ['--input-type=module', '--eval', code, '/no-such-program'], directory);
  expect(alone.stderr).toContain(`netlink needs the package @koromix/koffi-linux-${process.arch}`);
});
