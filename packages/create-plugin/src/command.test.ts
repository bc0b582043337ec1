import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Given, UsageError } from './answers.ts';
import { run } from './command.ts';

const complete = ['--vendor', 'acme', '--product', 'Acme DPU', '--host-pci', '1234:5678'];

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'create-plugin-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Runs it; `answers` are those of the one at the terminal, if somebody is there. */
async function create(args: string[], answers?: Given, environment: Record<string, string> = {}) {
  const printed: string[] = [];
  const asked: Given[] = [];
  await run(['node', 'create-plugin', ...args], {
    isInteractive: answers !== undefined,
    ask: async (given, directory) => {
      asked.push(given);
      return { given: { ...given, ...answers }, directory };
    },
    print: (text) => printed.push(text),
    environment,
  });
  return { printed: printed.join('\n'), asked };
}

test('writes a plugin and says what to do next', async () => {
  const directory = join(await temporaryDirectory(), 'plugin');
  const { printed } = await create([directory, ...complete]);
  expect(printed).toMatch(/Wrote \d+ files to .*plugin\. Next:\n\n {2}cd .*plugin\n {2}npm install\n/);
  expect(JSON.parse(await readFile(join(directory, 'package.json'), 'utf8'))).toMatchObject({ name: 'vsp-acme' });
});

test('asks only where somebody is there and something is missing', async () => {
  const directory = await temporaryDirectory();
  await expect(create([join(directory, 'a'), '--vendor', 'acme'])).rejects.toThrow('--product is missing');
  const missing = await create([join(directory, 'a'), '--vendor', 'acme'], { product: 'Acme DPU', 'dpu-dmi': 'Acme' });
  expect(missing.asked).toEqual([{ vendor: 'acme' }]);
  const nothing = await create([join(directory, 'b'), ...complete, '--contracts', 'none'], {});
  expect(nothing.asked).toEqual([]);
  const yes = await create([join(directory, 'c'), ...complete, '--yes'], {});
  expect(yes.asked).toEqual([]);
});

test('leaves a directory alone that has files', async () => {
  const directory = await temporaryDirectory();
  await mkdir(join(directory, '.git'));
  await create([directory, ...complete]);
  await expect(create([directory, ...complete])).rejects.toThrow(`${directory} is not empty`);
  await writeFile(join(directory, 'file'), '');
  await expect(create([join(directory, 'file'), ...complete])).rejects.toThrow('is or is in a file');
  expect(await readdir(directory)).toContain('package.json');
  await expect(create(['', ...complete])).rejects.toThrow('the directory must have a name');
});

test('a link to nowhere is no place for a plugin', async () => {
  const directory = await temporaryDirectory();
  await symlink(join(directory, 'nowhere'), join(directory, 'link'));
  await expect(create([join(directory, 'link'), ...complete])).rejects.toThrow(UsageError);
  await expect(create([join(directory, 'link/below'), ...complete])).rejects.toThrow(
    `${join(directory, 'link')} is a link to nowhere`,
  );
  expect(await readdir(directory)).toEqual(['link']);
});

test('options that npm took for its own are asked back', async () => {
  const taken = create(['plugin'], undefined, { npm_config_vendor: 'acme', npm_config_host_pci: '1234:5678' });
  await expect(taken).rejects.toThrow(
    'npm took --vendor, --host-pci for itself; put -- before the options: npm create @dpu-operator/plugin -- --vendor',
  );
});

test('values of options that npm took are no directories', async () => {
  const taken = { npm_config_vendor: 'true', npm_config_product: 'true' };
  await expect(create(['acme', 'Acme DPU'], undefined, taken)).rejects.toThrow(
    'npm took --vendor, --product for itself',
  );
  await expect(create(['a', 'Acme DPU', ...complete])).rejects.toThrow("one directory; 'Acme DPU' is too much");
});

test('a path that a shell would take apart is quoted', async () => {
  const { printed } = await create([join(await temporaryDirectory(), "Tom's plugin"), ...complete]);
  expect(printed).toMatch(/cd '.*Tom'\\''s plugin'\n/);
});

test('leaves the harness out on demand', async () => {
  const directory = await temporaryDirectory();
  const packageJson = async (name: string) => JSON.parse(await readFile(join(directory, name, 'package.json'), 'utf8'));
  await create([join(directory, 'with'), ...complete]);
  await create([join(directory, 'without'), ...complete, '--no-dev']);
  expect(await packageJson('with')).toMatchObject({
    scripts: { dev: expect.anything() },
    devDependencies: { '@dpu-operator/core': expect.stringMatching(/^\^\d/) },
  });
  const { scripts, devDependencies, dependencies } = await packageJson('without');
  expect([scripts.dev, devDependencies['@dpu-operator/core']]).toEqual([undefined, undefined]);
  expect(Object.keys(dependencies)).toEqual(['@dpu-operator/sdk']);
  expect(await readFile(join(directory, 'with/README.md'), 'utf8')).toContain('npm run dev');
  expect(await readFile(join(directory, 'without/README.md'), 'utf8')).not.toContain('npm run dev');
});
