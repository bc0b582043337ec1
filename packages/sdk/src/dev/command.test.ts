import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { dev } from './command.ts';

async function project(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dev-command-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Where npm would put core, with a harness that answers what it was asked; without code, a core that has none. */
async function withCore(directory: string, code?: string): Promise<void> {
  const core = join(directory, 'node_modules/@dpu-operator/core');
  await mkdir(core, { recursive: true });
  const exports = code === undefined ? {} : { './dev': { types: './dev.d.ts', default: './dev.mjs' } };
  await writeFile(join(core, 'package.json'), JSON.stringify({ name: '@dpu-operator/core', exports }));
  if (code !== undefined) await writeFile(join(core, 'dev.mjs'), code);
}

test('says how to install the core that has a harness', async () => {
  const plugin = await project();
  await withCore(plugin);
  await expect(dev({ plugin })).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: `${plugin} does not find @dpu-operator/core/dev; run: npm install --save-dev @dpu-operator/core`,
  });
});

test('hands over what was asked, settings from text and file, and answers the exit code', async () => {
  const plugin = await project();
  const asked = join(plugin, 'asked.json');
  const settings = join(plugin, 'dpu.json');
  await writeFile(settings, '{"uplink":"up0"}');
  await withCore(
    plugin,
    `import { writeFileSync } from 'node:fs';
     export const dev = async (request) => { writeFileSync(${JSON.stringify(asked)}, JSON.stringify(request)); return 7; };`,
  );
  const options = {
    plugin,
    hostSettings: '{"vfs":2}',
    dpuSettings: `@${settings}`,
    machine: '{"dpu":{"dmiProduct":"Card"}}',
    secret: plugin,
    once: true,
  };
  await expect(dev(options, '/bin/dpu-vsp')).resolves.toBe(7);
  const { default: request } = await import(asked, { with: { type: 'json' } });
  expect(request).toEqual({
    directory: plugin,
    program: '/bin/dpu-vsp',
    settings: { host: { vfs: 2 }, dpu: { uplink: 'up0' } },
    machines: { dpu: { dmiProduct: 'Card' } },
    files: { secret: plugin },
    once: true,
    verbose: false,
  });
});

test.each([
  ['{', '--host-settings: Expected'],
  ['[]', '--host-settings must be a JSON object'],
  ['@/nowhere.json', '--host-settings: ENOENT'],
])('names the option for settings %s', async (hostSettings, message) => {
  const failure = { code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) };
  await expect(dev({ plugin: await project(), hostSettings })).rejects.toMatchObject(failure);
});

test.each([
  ['{"card":{}}', 'card: there is no such field; there are dpu, host'],
  [
    '{"host":{"pci":[{"address":"0000:01:00.0","vendor":"15B3","device":"a2d6"}]}}',
    'host.pci[0].vendor: has four hex digits',
  ],
])('names the field of a machine that cannot be: %s', async (machine, message) => {
  await expect(dev({ plugin: await project(), machine })).rejects.toThrow(`--machine: ${message}`);
});

test('names the option for a Secret that is no directory', async () => {
  const plugin = await project();
  await withCore(plugin, 'export const dev = async () => 0;');
  const failure = { code: 'INVALID_ARGUMENT', message: '--secret: /nowhere is no directory' };
  await expect(dev({ plugin, secret: '/nowhere' })).rejects.toMatchObject(failure);
});

test('an empty name is no directory', async () => {
  const failure = { code: 'INVALID_ARGUMENT', message: "--plugin must name a package's directory" };
  await expect(dev({ plugin: '' })).rejects.toMatchObject(failure);
});
