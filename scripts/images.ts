/** Builds, pushes and removes the images that a cluster operator installs, for every architecture. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Builder } from '../test/cluster/engine/engine.ts';
import { tagsOf } from '../test/cluster/engine/engine-images.ts';
import { type Architecture, architectures } from '../test/cluster/images/architecture.ts';
import { type ProductImage, productImages } from '../test/cluster/images/image-inputs.ts';
import { buildImage, repository } from '../test/cluster/images/images.ts';
import { repositoryRoot } from '../test/cluster/paths.ts';
import { type Log, step } from '../test/cluster/progress.ts';
import { type Images, type Registry, reference } from './settings.ts';

/** By reference: the digest under which it was pushed from this checkout. */
const pushedFile = join(repositoryRoot, '.build/pushed-images.json');

type PerArchitecture = Record<Architecture, string>;

/**
 * Images whose inputs are as they were are not built again. Each is also called
 * `dpu-operator/<name>:<tag>-<architecture>` in the engine.
 *
 * @returns their names in the engine
 */
export async function build(log: Log, builder: Builder, name: ProductImage, tag: string): Promise<PerArchitecture> {
  const built: Partial<PerArchitecture> = {};
  for (const architecture of architectures) {
    const image = await buildImage(log, builder, name, { architecture });
    const local = `${repository(name)}:${tag}-${architecture}`;
    await builder.run(['tag', image.tag, local]);
    built[architecture] = local;
    log(`${local}  ${Math.round(image.bytes / 1e6)} MB`);
  }
  return built as PerArchitecture;
}

/** Pushes one image as a list of those of all architectures. @returns what it can be pulled by, with its digest */
export async function push(
  log: Log,
  builder: Builder,
  name: ProductImage,
  tag: string,
  registry: Registry,
): Promise<string> {
  const local = await build(log, builder, name, tag);
  const target = reference(registry, name, tag);
  const digest = await step(log, `push ${target}`, () =>
    builder.name === 'docker'
      ? pushByDocker(builder, local, target, registry)
      : pushByPodman(builder, local, target, registry),
  );
  return await remember(log, target, digest);
}

/**
 * Builds and pushes the image of the bundle for the Operator Lifecycle Manager.
 *
 * @param directory what `generate-manifests --output` wrote
 * @returns what it can be pulled by, with its digest
 */
export async function pushBundle(
  log: Log,
  builder: Builder,
  directory: string,
  tag: string,
  registry: Registry,
): Promise<string> {
  const target = reference(registry, 'bundle', tag);
  await builder.run(['build', '--file', join(directory, 'bundle.Dockerfile'), '--tag', target, directory]);
  const digest = await step(log, `push ${target}`, async () => {
    if (builder.name === 'docker') return digestIn(await builder.run(['push', target]), target);
    return withDigestFile((file) =>
      builder.run(['push', `--tls-verify=${registry.tlsVerify}`, '--digestfile', file, target]),
    );
  });
  return await remember(log, target, digest);
}

/** @returns the reference with the digest */
async function remember(log: Log, target: string, digest: string): Promise<string> {
  const pushed = await readPushed();
  pushed[target] = digest;
  await mkdir(dirname(pushedFile), { recursive: true });
  // In its place as a whole: whoever is interrupted leaves the former one.
  const draft = `${pushedFile}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(pushed, undefined, 2)}\n`);
  await rename(draft, pushedFile);
  const pinned = pin(target, digest);
  log(pinned);
  return pinned;
}

/** The digest that a program writes into the file that it is given. */
async function withDigestFile(push: (file: string) => Promise<unknown>): Promise<string> {
  const file = join(repositoryRoot, '.build', `digest-${process.pid}`);
  await mkdir(dirname(file), { recursive: true });
  await push(file);
  const digest = (await readFile(file, 'utf8')).trim();
  await rm(file);
  return digest;
}

function digestIn(said: string, target: string): string {
  const digest = /sha256:[0-9a-f]{64}/.exec(said)?.[0];
  if (!digest) throw new Error(`docker pushed ${target} and says no digest: ${said}`);
  return digest;
}

async function pushByPodman(builder: Builder, local: PerArchitecture, target: string, { tlsVerify }: Registry) {
  const list = `${target}-list`;
  await builder.attempt(['manifest', 'rm', list]);
  await builder.run(['manifest', 'create', list]);
  try {
    for (const image of Object.values(local)) {
      await builder.run(['manifest', 'add', list, `containers-storage:${image}`]);
    }
    return await withDigestFile((file) => {
      const flags = ['--all', `--tls-verify=${tlsVerify}`, '--digestfile', file];
      return builder.run(['manifest', 'push', ...flags, list, `docker://${target}`]);
    });
  } finally {
    await builder.attempt(['manifest', 'rm', list]);
  }
}

async function pushByDocker(builder: Builder, local: PerArchitecture, target: string, { tlsVerify }: Registry) {
  const parts: string[] = [];
  for (const [architecture, image] of Object.entries(local)) {
    const part = `${target}-${architecture}`;
    await builder.run(['tag', image, part]);
    await builder.run(['push', part]);
    parts.push(part);
  }
  const insecure = tlsVerify ? [] : ['--insecure'];
  await builder.attempt(['manifest', 'rm', target]);
  await builder.run(['manifest', 'create', ...insecure, target, ...parts]);
  const said = await builder.run(['manifest', 'push', ...insecure, '--purge', target]);
  return digestIn(said, target);
}

/** Removes the engine's images of that name. One that a container uses stays, and is named. */
export async function clean(log: Log, builder: Builder, name: ProductImage): Promise<void> {
  for (const tag of await tagsOf(builder, repository(name))) {
    const { exitCode, stderr } = await builder.attempt(['rmi', tag]);
    log(exitCode === 0 ? `removed ${tag}` : `${tag} stays: ${stderr.trim()}`);
  }
}

/** What a cluster is to pull: by digest what was pushed from this checkout, by tag what was not. */
export async function pullable(registry: Registry, tag: string): Promise<Images> {
  const pushed = await readPushed();
  const named = productImages.map((name) => {
    const target = reference(registry, name, tag);
    const digest = pushed[target];
    return [name, digest ? pin(target, digest) : target];
  });
  return Object.fromEntries(named);
}

function pin(target: string, digest: string): string {
  return `${target.slice(0, target.lastIndexOf(':'))}@${digest}`;
}

async function readPushed(): Promise<Record<string, string>> {
  const text = existsSync(pushedFile) ? await readFile(pushedFile, 'utf8') : '{}';
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : error;
    throw new Error(`${pushedFile}: ${why}; delete it, and push the images again`, { cause: error });
  }
}
