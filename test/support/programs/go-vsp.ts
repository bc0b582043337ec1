/** The VSP in Go of test/go-vsp: built, and put on a cluster's nodes as an image of one file. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import type { Cluster } from '../../cluster/index.ts';

export const goVspImage = 'docker.io/dpu-operator/go-vsp:dev';

/** Whether there is a Go that can build it. */
export async function hasGo(): Promise<boolean> {
  return (await execa('go', ['version'], { reject: false })).exitCode === 0;
}

/** @returns The path of the program. */
export async function buildGoVsp(directory: string): Promise<string> {
  const program = join(directory, 'go-vsp');
  const source = new URL('../../go-vsp', import.meta.url).pathname;
  await execa('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', program, '.'], {
    cwd: source,
    env: { CGO_ENABLED: '0' },
  });
  return program;
}

export async function loadGoVsp(cluster: Cluster): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'go-vsp-'));
  try {
    await buildGoVsp(directory);
    const archive = await imageArchive(directory);
    for (const { name } of cluster.nodes.filter(({ role }) => role !== 'control-plane')) {
      const { exitCode, stderr } = await cluster.exec(name, ['ctr', '--namespace', 'k8s.io', 'images', 'import', '-'], {
        input: archive,
      });
      if (exitCode !== 0) throw new Error(`${name} does not take the image: ${stderr}`);
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** As `docker save` writes it: an image from scratch with the program in its one layer. */
async function imageArchive(directory: string): Promise<Uint8Array> {
  const tar = (file: string, ...names: string[]) =>
    execa('tar', ['-C', directory, '-cf', join(directory, file), ...names]);
  await tar('layer.tar', 'go-vsp');
  const layer = createHash('sha256')
    .update(await readFile(join(directory, 'layer.tar')))
    .digest('hex');
  const config = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: ['/go-vsp'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${layer}`] },
  };
  await writeFile(join(directory, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [goVspImage], Layers: ['layer.tar'] }];
  await writeFile(join(directory, 'manifest.json'), JSON.stringify(manifest));
  await tar('image.tar', 'manifest.json', 'config.json', 'layer.tar');
  return await readFile(join(directory, 'image.tar'));
}
