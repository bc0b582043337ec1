import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfFile } from '../file-hash.ts';
import { run } from '../run.ts';

export interface ArchivePlan {
  /** Where the archive goes. */
  path: string;
  tags: string[];
  /** Programs to put in /usr/local/bin: name in the image, path on this machine. */
  programs: Record<string, string>;
  /** A tar of a root file system below the programs; without it the image is the programs alone. */
  root?: string;
  entrypoint?: string[];
}

/** Writes an image in the format of `docker save`, which containerd imports, without any container engine. */
export async function writeImageArchive(plan: ArchivePlan): Promise<void> {
  const draft = await mkdtemp(`${plan.path}.draft-`);
  try {
    const layers: string[] = [];
    if (plan.root) {
      await copyFile(plan.root, join(draft, 'root.tar'));
      layers.push('root.tar');
    }
    await writeProgramsLayer(draft, plan.programs);
    layers.push('programs.tar');
    const diffIds = await Promise.all(layers.map(async (layer) => `sha256:${await sha256OfFile(join(draft, layer))}`));
    const config = {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: {
        Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
        ...(plan.entrypoint && { Entrypoint: plan.entrypoint }),
      },
      rootfs: { type: 'layers', diff_ids: diffIds },
    };
    await writeFile(join(draft, 'config.json'), JSON.stringify(config));
    const manifest = [{ Config: 'config.json', RepoTags: plan.tags, Layers: layers }];
    await writeFile(join(draft, 'manifest.json'), JSON.stringify(manifest));
    await run(['tar', '-C', draft, '-cf', plan.path, 'manifest.json', 'config.json', ...layers]);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function writeProgramsLayer(draft: string, programs: ArchivePlan['programs']): Promise<void> {
  const bin = join(draft, 'layer/usr/local/bin');
  await mkdir(bin, { recursive: true });
  for (const [name, path] of Object.entries(programs)) await copyFile(path, join(bin, name));
  const owner = ['--owner=0', '--group=0', '--mode=0755', '--sort=name'];
  await run(['tar', ...owner, '-C', join(draft, 'layer'), '-cf', join(draft, 'programs.tar'), 'usr']);
}
