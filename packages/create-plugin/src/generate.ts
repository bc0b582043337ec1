/** Writes a plugin from the template, which is a plugin itself. */
import { lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { type Answers, UsageError } from './answers.ts';
import { machineJson } from './machine-json.ts';
import { pluginPackageJson } from './package-json.ts';
import { keepRegions } from './regions.ts';
import { type Repository, repositoryOf } from './repository.ts';

const root = join(import.meta.dirname, '..');
const templateDirectory = join(root, 'template');

/** npm would read these for itself: what a package's .gitignore names is not packed. */
const renamed: Record<string, string> = { _gitignore: '.gitignore', '_biome.json': 'biome.json' };

export interface GenerateOptions {
  directory: string;
  answers: Answers;
  /** Whether the plugin can be run by `dpu-vsp dev`. */
  dev: boolean;
}

export async function ownVersion(): Promise<string> {
  const packageJson: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return z.object({ version: z.string() }).parse(packageJson).version;
}

/**
 * Returns the paths of the files written, within the directory.
 *
 * @throws UsageError when the directory has files, other than a repository's own
 */
export async function generate({ directory, answers, dev }: GenerateOptions): Promise<string[]> {
  await requireEmpty(directory);
  const version = await ownVersion();
  const repository = await repositoryOf(directory);
  const written: string[] = [];
  for (const path of await templateFiles()) {
    const text = await readFile(join(templateDirectory, path), 'utf8');
    const content = contentOf(path, text, { answers, version, repository, dev });
    if (content.trim() === '') continue;
    const target = renamed[path] ?? path;
    await mkdir(dirname(join(directory, target)), { recursive: true });
    await writeFile(join(directory, target), content);
    written.push(target);
  }
  return written;
}

function contentOf(
  path: string,
  text: string,
  {
    answers,
    version,
    repository,
    dev,
  }: Omit<GenerateOptions, 'directory'> & { version: string; repository: Repository | undefined },
) {
  if (path === 'package.json') return pluginPackageJson(text, { ...answers, version, repository, dev });
  if (path === 'test/machine.json') return machineJson(answers);
  return keepRegions(named(text, answers), dev ? [...answers.contracts, 'dev'] : answers.contracts);
}

async function templateFiles(): Promise<string[]> {
  const entries = await readdir(templateDirectory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(templateDirectory, join(entry.parentPath, entry.name)))
    .sort();
}

async function requireEmpty(directory: string): Promise<void> {
  const names = await readdir(directory).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      await requireNoDanglingLink(directory);
      return [];
    }
    if (error.code === 'ENOTDIR') throw new UsageError(`${directory} is or is in a file; name another directory`);
    throw error;
  });
  if (names.some((name) => name !== '.git')) {
    throw new UsageError(`${directory} is not empty; name another directory, or a new one`);
  }
}

/** Of a path that is not there, neither it nor what it is below may be a link. */
async function requireNoDanglingLink(path: string): Promise<void> {
  const isThere = (await lstat(path).catch(() => undefined)) !== undefined;
  if (isThere) {
    const leads = await stat(path).then(
      () => true,
      () => false,
    );
    if (!leads) throw new UsageError(`${path} is a link to nowhere; name another directory`);
    return;
  }
  await requireNoDanglingLink(dirname(path));
}

/** The template's names are in its prose only. */
function named(text: string, { vendor, product, name }: Answers): string {
  // A VendorPlugin of one vendor must not take the place of another's.
  const objects = text.replaceAll(/\b(name:|vplugin) example\b/g, `$1 ${vendor}`);
  return objects.replaceAll('vsp-example', name).replaceAll('Example DPU', product);
}
