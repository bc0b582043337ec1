/** Reads a plugin's directory. */
import { access, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { DpuError } from '../errors.ts';
import type { PluginManifest } from '../manifest/manifest.ts';
import { parsePluginManifest } from '../manifest/parse.ts';

export interface PluginPackage {
  name: string;
  version: string;
  manifest: PluginManifest;
  /** Absolute path of the module whose default export is the plugin's definition. */
  entry: string;
}

const packageJson = z.object({
  name: z.string(),
  version: z.string(),
  main: z.string().optional(),
  exports: z
    .object({ '.': z.union([z.string(), z.object({ default: z.string() })]) })
    .or(z.string())
    .optional(),
});

/**
 * Reads what a plugin's package says, without running its code. The code is its `index.mjs` where there is one (a
 * bundled plugin), else what package.json exports.
 *
 * @throws DpuError INVALID_ARGUMENT naming what is wrong in package.json, NOT_FOUND without package.json or entry.
 */
export async function readPluginPackage(directory: string): Promise<PluginPackage> {
  const json = await readJson(join(directory, 'package.json'));
  const manifest = parsePluginManifest(json);
  const parsed = packageJson.safeParse(json);
  if (!parsed.success) throw new DpuError('INVALID_ARGUMENT', `package.json: ${faults(parsed.error)}`);
  const { name, version } = parsed.data;
  return { name, version, manifest, entry: await entryOf(directory, parsed.data) };
}

function faults({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`).join('; ');
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (missing) throw new DpuError('NOT_FOUND', `${path} does not exist; --plugin must name a package's directory`);
    throw new DpuError('INVALID_ARGUMENT', `${path}: ${DpuError.from(cause).message}`, { cause });
  }
}

async function entryOf(directory: string, { exports, main }: z.infer<typeof packageJson>): Promise<string> {
  const root = typeof exports === 'object' ? exports['.'] : exports;
  const exported = typeof root === 'object' ? root.default : root;
  const candidates = ['index.mjs', exported ?? main].filter((name) => name !== undefined);
  for (const name of candidates) {
    const path = resolve(directory, name);
    const exists = await access(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  throw new DpuError('NOT_FOUND', `${directory} has no ${candidates.join(' and no ')}; build the plugin first`);
}
