/** Finds the plugin to test: a directory, or whatever npm can install. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { DpuError } from '../../errors.ts';
import { readPluginPackage } from '../../host/plugin/plugin-package.ts';
import { exec } from '../../linux/exec.ts';
import type { PluginManifest } from '../../manifest/manifest.ts';

export interface PluginSource {
  directory: string;
  /** `name@version`. */
  label: string;
  manifest: PluginManifest;
  remove(): Promise<void>;
}

const installMs = 300_000;
const installed = z.object({ dependencies: z.record(z.string(), z.string()) });

/** @throws DpuError what is wrong with the package, or what npm says. */
export async function findPlugin(plugin: string): Promise<PluginSource> {
  const isDirectory = await stat(plugin).then(
    (there) => there.isDirectory(),
    () => false,
  );
  if (isDirectory) return read(resolve(plugin), async () => {});
  const prefix = await mkdtemp(join(tmpdir(), 'dpu-conformance-plugin-'));
  const remove = () => rm(prefix, { recursive: true, force: true });
  try {
    return await read(await install(plugin, prefix), remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

async function read(directory: string, remove: () => Promise<void>): Promise<PluginSource> {
  const { name, version, manifest } = await readPluginPackage(directory);
  return { directory, label: `${name}@${version}`, manifest, remove };
}

/** Without install scripts, as the VSP pod does it. */
async function install(spec: string, prefix: string): Promise<string> {
  await writeFile(join(prefix, 'package.json'), '{"private":true}');
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  try {
    await exec('npm', ['install', '--prefix', prefix, ...flags, '--', spec], { timeoutMs: installMs });
  } catch (cause) {
    const text = `${spec} is no directory, and npm cannot install it: ${DpuError.from(cause).message}`;
    throw new DpuError('INVALID_ARGUMENT', text, { cause });
  }
  const { dependencies } = installed.parse(JSON.parse(await readFile(join(prefix, 'package.json'), 'utf8')));
  return join(prefix, 'node_modules', Object.keys(dependencies)[0] ?? '');
}
