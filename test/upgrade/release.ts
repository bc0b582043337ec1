/** The operator of another commit, and of this checkout, on a test cluster: images under tags of their own. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { stringify } from 'yaml';
import { findEngine } from '../cluster/engine/engine.ts';
import { describeImage } from '../cluster/engine/engine-images.ts';
import { productImages } from '../cluster/images/image-inputs.ts';
import { repository } from '../cluster/images/images.ts';
import type { Cluster } from '../cluster/index.ts';
import { repositoryRoot } from '../cluster/paths.ts';
import { run } from '../cluster/run.ts';

/** A checkout of that commit, built by its own recipe: some minutes once, then it is there. */
export async function builtCheckout(commit: string): Promise<string> {
  const git = (...args: string[]) => run(['git', '-C', repositoryRoot, ...args]);
  const hash = (await git('rev-parse', '--verify', `${commit}^{commit}`)).trim();
  const directory = join(repositoryRoot, '.build/upgrade', hash);
  if (existsSync(join(directory, '.built'))) return directory;
  if (!existsSync(join(directory, 'Makefile'))) {
    await mkdir(dirname(directory), { recursive: true });
    await git('worktree', 'add', '--force', '--detach', directory, hash);
  }
  await run(['make', '-C', directory, 'build']);
  await writeFile(join(directory, '.built'), '');
  return directory;
}

/** Builds that checkout's images and puts them on the nodes as `dpu-operator/<name>:<tag>`. */
export async function loadImagesOf(checkout: string, cluster: Cluster, tag: string): Promise<void> {
  const engine = await findEngine(console.log);
  const cli = [join(checkout, 'node_modules/.bin/node'), join(checkout, 'test/cluster/cli.ts')];
  // One line each, in this order: its tag in the engine, and its size.
  const lines = (await run([...cli, 'images', ...productImages], { cwd: checkout })).trim().split('\n');
  for (const [index, name] of productImages.entries()) {
    const [built = ''] = (lines[index] ?? '').split(/\s+/);
    const found = await describeImage(engine, built);
    if (!found) throw new Error(`${checkout} has built no image ${name}: ${lines.join('; ')}`);
    await cluster.loadImage({ name, tag: built, nodeTag: `${repository(name)}:${tag}`, ...found });
  }
}

/** Of the images on the nodes. */
export interface Tags {
  operator: string;
  vsp: string;
}

/** A kustomization of a checkout's `config/default` with these tags, as long as `use` takes. */
export async function withRelease(
  checkout: string,
  tags: Tags,
  use: (directory: string) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'release-'));
  try {
    const images = Object.entries(tags).map(([name, newTag]) => ({ name: `dpu-operator/${name}`, newTag }));
    const kustomization = {
      resources: [relative(directory, join(checkout, 'config/default'))],
      configurations: ['images.yaml'],
      images,
    };
    const inVariables = { images: [{ path: 'spec/template/spec/containers/env/value', kind: 'Deployment' }] };
    await writeFile(join(directory, 'kustomization.yaml'), stringify(kustomization));
    await writeFile(join(directory, 'images.yaml'), stringify(inVariables));
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
