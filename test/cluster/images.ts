import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { ensureBaseImage } from './base-image.ts';
import { hashOf } from './cache.ts';
import type { Engine } from './engine.ts';
import { removeOlderTags } from './engine-images.ts';
import { sha256OfFile } from './file-hash.ts';
import { withLock } from './lock.ts';
import { cachePath, repositoryRoot } from './paths.ts';
import { type Log, step } from './progress.ts';
import { run } from './run.ts';

/** The SDK's native module, in the form of this machine's architecture for glibc. */
const nativeModule = `@koromix/koffi-linux-${process.arch}`;
const nativeFiles = Object.fromEntries(
  ['package.json', 'index.js', `linux_${process.arch}`].map((part) => [
    `node_modules/${nativeModule}/${part}`,
    `packages/sdk/node_modules/${nativeModule}/${part}`,
  ]),
);

/** What goes into each image beside its Containerfile: a name in the build context, a path in the repository. */
const inputs = {
  operator: {
    node: 'node_modules/node/bin/node',
    bundle: 'packages/core/dist/bundle',
    'dpu-cni': `packages/cni/dist/linux-${process.arch}/dpu-cni`,
    ...nativeFiles,
    // Without its manual.
    ...Object.fromEntries(
      ['LICENSE', 'package.json', 'bin', 'lib', 'node_modules'].map((part) => [
        `npm/${part}`,
        `packages/core/node_modules/npm/${part}`,
      ]),
    ),
  },
  vsp: {
    node: 'node_modules/node/bin/node',
    host: 'packages/sdk/dist/bundle',
    ...nativeFiles,
    'mock/dist/bundle': 'packages/vsp-mock/dist/bundle',
    'mock/package.json': 'packages/vsp-mock/package.json',
  },
  tools: {},
} as const satisfies Record<string, Record<string, string>>;

export type ImageName = keyof typeof inputs;
const imageNames = Object.keys(inputs) as ImageName[];

export interface BuiltImage {
  name: ImageName;
  /** In the engine: another for other inputs, so that two checkouts on one machine never get each other's build. */
  tag: string;
  /** On a cluster's nodes, as kubelet normalises the `dpu-operator/<name>:dev` of our manifests. */
  nodeTag: string;
  id: string;
  bytes: number;
}

/** Builds of one image that stay in the engine, for other checkouts and for going back and forth. */
const buildsKept = 10;

function repository(name: ImageName): string {
  return `docker.io/dpu-operator/${name}`;
}

export function parseImageNames(names: readonly string[] = []): ImageName[] {
  const unknown = names.filter((name) => !(name in inputs));
  if (unknown.length > 0) {
    throw new Error(`no image is called ${unknown.join(', ')}; there are ${imageNames.join(', ')}`);
  }
  return names.length > 0 ? (names as ImageName[]) : imageNames;
}

/** The image of the present inputs; built only when they changed. */
export async function buildImage(
  log: Log,
  engine: Engine,
  name: ImageName,
  root = repositoryRoot,
): Promise<BuiltImage> {
  const base = await ensureBaseImage(log, engine);
  return withLock(log, `image-${name}`, () => buildOn(base, log, engine, name, root));
}

async function buildOn(base: string, log: Log, engine: Engine, name: ImageName, root: string): Promise<BuiltImage> {
  const containerfile = join(repositoryRoot, 'images', name, 'Containerfile');
  const files = await filesOf(name, root);
  const contents = await Promise.all(Object.values(files).map(sha256OfFile));
  const inputsHash = hashOf(base, await readFile(containerfile, 'utf8'), Object.keys(files), contents);
  const tag = `${repository(name)}:dev-${inputsHash}`;
  const nodeTag = `${repository(name)}:dev`;
  const present = await describe(engine, tag);
  if (present) return { name, tag, nodeTag, ...present };
  const context = cachePath('contexts', name);
  await step(log, `build image ${name}`, async (detail) => {
    await stage(context, files);
    const argv = ['build', '--tag', tag, '--build-arg', `BASE=${base}`];
    const podmanOnly = engine.name === 'podman' ? ['--layers', '--pull-never'] : [];
    await engine.run([...argv, ...podmanOnly, '--file', containerfile, context], { onErrorLine: detail });
  });
  const built = await describe(engine, tag);
  if (!built) throw new Error(`${engine.name} built ${tag} but does not have it`);
  await removeOlderTags(engine, repository(name), buildsKept);
  return { name, tag, nodeTag, ...built };
}

async function describe(engine: Engine, tag: string): Promise<{ id: string; bytes: number } | undefined> {
  const result = await engine.attempt(['image', 'inspect', '--format', '{{.Id}} {{.Size}}', tag]);
  const [id, size] = result.stdout.trim().split(' ');
  return result.exitCode === 0 && id ? { id, bytes: Number(size) } : undefined;
}

/** Every input file: its path in the build context and where it is now. */
async function filesOf(name: ImageName, root: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [target, path] of Object.entries<string>(inputs[name])) {
    const source = join(root, path);
    if (!existsSync(source)) {
      throw new Error(`image ${name} needs ${path}, which is not there: run "pnpm install" and "pnpm build" first`);
    }
    if (!(await stat(source)).isDirectory()) {
      files[target] = source;
      continue;
    }
    for (const entry of await readdir(source, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      files[join(target, relative(source, file))] = file;
    }
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A build context with nothing but the inputs: engines send or hash all of it. */
async function stage(context: string, files: Record<string, string>): Promise<void> {
  await rm(context, { recursive: true, force: true });
  await mkdir(context, { recursive: true });
  for (const [target, source] of Object.entries(files)) {
    const path = join(context, target);
    await mkdir(dirname(path), { recursive: true });
    await cp(source, path, { dereference: true, preserveTimestamps: true });
  }
  // Not all of our containers run as root, and this checkout may be for its owner's eyes only.
  await run(['chmod', '--recursive', 'u=rwX,go=rX', context]);
}
