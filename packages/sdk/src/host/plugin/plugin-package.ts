/** Reads a plugin's directory. */
import { access, readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { DpuError } from '../../errors.ts';
import { fieldFaults, inWords } from '../../field-fault.ts';
import { hostApiFault } from '../../manifest/host-api-version.ts';
import type { PluginManifest } from '../../manifest/manifest.ts';
import { readPluginManifest } from '../../manifest/parse.ts';
import { requireSettingsSchema } from '../../settings/validate.ts';
import { exportedModule } from './exported-module.ts';

/** A plugin's package on disk, with its manifest read. */
export interface PluginPackage {
  name: string;
  version: string;
  manifest: PluginManifest;
  /** Fields of the manifest that this version does not know, and that it can do without. */
  passedOver: string[];
  /** Absolute path of the module whose default export is the plugin's definition. */
  entry: string;
}

const packageJson = z.object({
  name: z.string(),
  version: z.string(),
  main: z.string().optional(),
  exports: z.json().optional(),
});

/**
 * Reads what a plugin's package says, without running its code. The code is what `import` of the package would load,
 * or an `index.mjs` beside package.json where that is not there (a bundle copied into an image).
 *
 * @throws DpuError INVALID_ARGUMENT without package.json, naming what is wrong in it, or without entry.
 */
export async function readPluginPackage(directory: string): Promise<PluginPackage> {
  const json = await readJson(join(directory, 'package.json'));
  requireHostApi(json);
  const { manifest, passedOver } = readPluginManifest(json);
  requireSettingsSchema(manifest.settings);
  const parsed = packageJson.safeParse(json, { error: inWords });
  if (!parsed.success) {
    const faults = fieldFaults(parsed.error).map(({ path, message }) => `${path}: ${message}`);
    throw new DpuError('INVALID_ARGUMENT', `package.json: ${faults.join('; ')}`);
  }
  const { name, version } = parsed.data;
  return { name, version, manifest, passedOver, entry: await entryOf(directory, parsed.data) };
}

/**
 * The manifest as it stands in the package.json, in one line: what a label of the plugin's image is to say. The package need
 * not be built.
 *
 * @throws DpuError INVALID_ARGUMENT without package.json, naming what is wrong in it.
 */
export async function readManifestLine(directory: string): Promise<string> {
  const json = await readJson(join(directory, 'package.json'));
  requireSettingsSchema(readPluginManifest(json).manifest.settings);
  return JSON.stringify(z.looseObject({ dpu: z.unknown() }).parse(json).dpu);
}

function requireHostApi(json: unknown): void {
  const parsed = z.object({ dpu: z.looseObject({ hostApi: z.unknown().optional() }) }).safeParse(json);
  const fault = parsed.success ? hostApiFault(parsed.data.dpu.hostApi) : undefined;
  if (fault !== undefined) throw new DpuError('INVALID_ARGUMENT', `dpu.hostApi: ${fault}`);
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (missing)
      throw new DpuError('INVALID_ARGUMENT', `${path} does not exist; --plugin must name a package's directory`);
    throw new DpuError('INVALID_ARGUMENT', `${path}: ${DpuError.from(cause).message}`, { cause });
  }
}

async function entryOf(directory: string, { exports, main }: z.infer<typeof packageJson>): Promise<string> {
  const named = exports === undefined ? main : exportedModule(exports);
  const candidates = [...(named === undefined ? ['index.js'] : [named]), 'index.mjs'];
  for (const name of candidates) {
    const path = resolve(directory, name);
    if (relative(directory, path).startsWith('..')) {
      throw new DpuError('INVALID_ARGUMENT', `package.json: ${name} is outside of the package`);
    }
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  throw new DpuError('INVALID_ARGUMENT', `${directory} has no ${candidates.join(' and no ')}; build the plugin first`);
}
