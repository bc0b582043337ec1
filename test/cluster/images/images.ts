import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { cachedDirectory, hashOf } from '../cache.ts';
import type { Builder } from '../engine/engine.ts';
import { describeImage, removeOlderTags } from '../engine/engine-images.ts';
import { sha256OfFile } from '../file-hash.ts';
import { withLock } from '../lock.ts';
import { cachePath, repositoryRoot } from '../paths.ts';
import { type Log, step } from '../progress.ts';
import { attempt, run } from '../run.ts';
import { type Architecture, ownArchitecture } from './architecture.ts';
import { ensureBaseImage } from './base-image.ts';
import { type ImageName, inputFiles, isProduct, type ProductImage } from './image-inputs.ts';
import { platformFiles } from './platform-files.ts';
import { debianPart, npmPart, npmParts, sbom } from './sbom.ts';

export interface BuiltImage {
  name: ImageName;
  /** In the engine: another for other inputs, so that two checkouts on one machine never get each other's build. */
  tag: string;
  /** On a cluster's nodes, as kubelet normalises the `dpu-operator/<name>:dev` of our manifests. */
  nodeTag: string;
  id: string;
  bytes: number;
}

export interface BuildOptions {
  /** Checkout that the image is of. Default: this one. */
  root?: string;
  /** Default: this machine's. */
  architecture?: Architecture;
}

/** What an image is made of, and how it is called when it is pushed. */
interface Recipe {
  builder: Builder;
  base: string;
  architecture: Architecture;
  root: string;
}

/** Builds of one image that stay in the engine, for other checkouts and for going back and forth. */
const buildsKept = 10;

const titles: Record<ImageName, string> = {
  operator: 'Operator, node daemon and dpuctl of the DPU operator',
  vsp: 'Plugin host of the DPU operator, with the software DPU',
  tools: 'What the tests of the DPU operator run in pods',
};

export function repository(name: ImageName): string {
  return `docker.io/dpu-operator/${name}`;
}

/** The image of the present inputs; built only when they changed. */
export async function buildImage(
  log: Log,
  builder: Builder,
  name: ImageName,
  { root = repositoryRoot, architecture = ownArchitecture() }: BuildOptions = {},
): Promise<BuiltImage> {
  const base = await ensureBaseImage(log, builder);
  return withLock(log, `image-${name}-${architecture}`, () =>
    buildOn({ base, builder, architecture, root }, log, name),
  );
}

async function buildOn(recipe: Recipe, log: Log, name: ImageName): Promise<BuiltImage> {
  const { builder, base, architecture, root } = recipe;
  const containerfile = join(repositoryRoot, 'images', name, 'Containerfile');
  const recipeText = await readFile(containerfile, 'utf8');
  const platform = isProduct(name) ? await platformFiles(log, architecture, root) : undefined;
  const files = platform && isProduct(name) ? await inputFiles(name, platform, root) : {};
  const contents = await Promise.all(Object.values(files).map(sha256OfFile));
  const version = await versionOf(root);
  const tag = `${repository(name)}:dev-${hashOf(base, recipeText, Object.keys(files), contents, architecture, version)}`;
  const nodeTag = `${repository(name)}:dev`;
  const present = await describeImage(builder, tag);
  if (present) return { name, tag, nodeTag, ...present };

  const context = cachePath('contexts', `${name}-${architecture}`);
  await step(log, `build image ${name} for ${architecture}`, async (detail) => {
    await stage(context, files);
    const common = buildArguments(recipe, containerfile);
    if (platform && isProduct(name)) {
      const key = hashOf(base, recipeText, await readFile(join(root, 'images/unpack-debian'), 'utf8'), architecture);
      const parts = await Promise.all([debianParts(log, builder, name, key, [...common, context]), npmParts(files)]);
      const node = npmPart('node', platform.nodeVersion, 'MIT');
      const document = sbom({ title: name, version, license: 'Apache-2.0', architecture }, [...parts.flat(), node]);
      await writeFile(join(context, 'sbom.cdx.json'), document);
    }
    const labels = await labelsOf(name, version, root);
    const argv = ['build', ...common, '--tag', tag, ...labels.flatMap((label) => ['--label', label]), context];
    await builder.run(argv, { onErrorLine: detail });
  });
  const built = await describeImage(builder, tag);
  if (!built) throw new Error(`${builder.name} built ${tag} but does not have it`);
  await removeOlderTags(builder, repository(name), buildsKept);
  return { name, tag, nodeTag, ...built };
}

function buildArguments({ builder, base, architecture }: Recipe, containerfile: string): string[] {
  const variables = [`BASE=${base}`, `BUILDER=linux/${ownArchitecture()}`, `ARCH=${architecture}`];
  const podmanOnly = builder.name === 'docker' ? [] : ['--layers', '--pull-never'];
  return [
    ...podmanOnly,
    ...variables.flatMap((variable) => ['--build-arg', variable]),
    '--platform',
    `linux/${architecture}`,
    '--file',
    containerfile,
  ];
}

/** The packages of Debian in an image, of which the engine tells once for each recipe. */
async function debianParts(log: Log, builder: Builder, name: ProductImage, key: string, argv: readonly string[]) {
  const directory = await cachedDirectory(log, `packages-${name}`, key, (draft, detail) =>
    builder
      .run(['build', '--target', 'packages', '--output', `type=local,dest=${draft}`, ...argv], { onErrorLine: detail })
      .then(() => {}),
  );
  const controls = await readdir(directory);
  return Promise.all(controls.sort().map(async (file) => debianPart(await readFile(join(directory, file), 'utf8'))));
}

/** https://github.com/opencontainers/image-spec/blob/main/annotations.md */
async function labelsOf(name: ImageName, version: string, root: string): Promise<string[]> {
  const git = async (...args: string[]) => (await attempt(['git', '-C', root, ...args])).stdout.trim();
  const [revision, source] = [await git('rev-parse', 'HEAD'), process.env.IMAGE_SOURCE ?? ''];
  const labels = {
    title: `dpu-operator-${name}`,
    description: titles[name],
    version,
    revision,
    source,
    licenses: 'Apache-2.0',
  };
  const known = Object.entries(labels).filter(([, value]) => value !== '');
  return known.map(([key, value]) => `org.opencontainers.image.${key}=${value}`);
}

/** The version that images are released as. */
export async function versionOf(root: string): Promise<string> {
  return JSON.parse(await readFile(join(root, 'packages/core/package.json'), 'utf8')).version;
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
