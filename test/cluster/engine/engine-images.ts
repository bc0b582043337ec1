import { execa } from 'execa';
import { elapsedSince, type Log } from '../progress.ts';
import type { Builder } from './engine.ts';

/** What an image is made of: a directory that becomes its root, or a tar of one. */
export type RootSource = { directory: string } | { tar: string };

/** Makes a one-layer image of a root file system. `changes` are Containerfile instructions. */
export async function importImage(engine: Builder, name: string, source: RootSource, changes: string[]): Promise<void> {
  if (engine.name === 'buildah') return commitRoot(engine, name, source, changes);
  const flags = changes.flatMap((change) => ['--change', change]);
  if ('tar' in source) {
    await engine.run(['import', ...flags, source.tar, name]);
    return;
  }
  // Unbuffered: the tar passes through and is never held in memory.
  await execa('tar', ['-C', source.directory, '-cf', '-', '.'], { buffer: { stdout: false } }).pipe(
    engine.name,
    ['import', ...flags, '-', name],
    { env: engine.env },
  );
}

/** What `import` is elsewhere. */
async function commitRoot(buildah: Builder, name: string, source: RootSource, changes: string[]): Promise<void> {
  const container = (await buildah.run(['from', 'scratch'])).trim();
  try {
    await buildah.run(['add', '--quiet', container, 'tar' in source ? source.tar : source.directory, '/']);
    for (const change of changes) {
      const command = /^CMD (\[.*\])$/.exec(change)?.[1];
      if (!command) throw new Error(`buildah cannot set ${change}`);
      await buildah.run(['config', '--cmd', command, container]);
    }
    await buildah.run(['commit', '--quiet', container, name]);
  } finally {
    await buildah.attempt(['rm', container]);
  }
}

export async function imageExists(engine: Builder, name: string): Promise<boolean> {
  return (await describeImage(engine, name)) !== undefined;
}

/** Id and size of an image; buildah tells the size to three digits. Undefined where there is none. */
export async function describeImage(engine: Builder, name: string): Promise<{ id: string; bytes: number } | undefined> {
  if (engine.name === 'buildah') {
    const listed = await engine.attempt(['images', '--no-trunc', '--format', '{{.ID}} {{.Size}}', name]);
    const [id, number, unit] = listed.stdout.trim().split(' ');
    if (listed.exitCode !== 0 || !id) return undefined;
    return { id: id.replace(/^sha256:/, ''), bytes: Math.round(Number(number) * (unitBytes[unit ?? ''] ?? 1)) };
  }
  const result = await engine.attempt(['image', 'inspect', '--format', '{{.Id}} {{.Size}}', name]);
  const [id, size] = result.stdout.trim().split(' ');
  return result.exitCode === 0 && id ? { id, bytes: Number(size) } : undefined;
}

const unitBytes: Record<string, number> = { KB: 1e3, MB: 1e6, GB: 1e9 };

/** `repository:tag` of each image of the repository, newest first. */
export async function tagsOf(engine: Builder, repository: string): Promise<string[]> {
  const field = engine.name === 'buildah' ? 'Name' : 'Repository';
  const { stdout } = await engine.attempt(['images', '--format', `{{.${field}}}:{{.Tag}}`, repository]);
  return stdout.split('\n').filter(Boolean);
}

/** Removes the images of the same name with other tags: those of former recipes. One that a container uses stays. */
export async function removeOtherTags(engine: Builder, name: string): Promise<void> {
  const repository = name.slice(0, name.lastIndexOf(':'));
  for (const other of await tagsOf(engine, repository)) if (other !== name) await engine.attempt(['rmi', other]);
}

/** Removes all tags of an image but the newest; engines list those first. One that a container uses stays. */
export async function removeOlderTags(engine: Builder, repository: string, kept: number): Promise<void> {
  for (const older of (await tagsOf(engine, repository)).slice(kept)) await engine.attempt(['rmi', older]);
}

/** Whether the image could be pulled. A registry that refuses says so at once; a slow line is given its time. */
export async function pullImage(log: Log, engine: Builder, name: string, timeoutMs: number): Promise<boolean> {
  const start = performance.now();
  log(`pull ${name} ...`);
  const pulled = await engine.attempt(['pull', name], { timeoutMs });
  if (pulled.exitCode === 0) log(`pull ${name}: done in ${elapsedSince(start)}`);
  else log(`${name} cannot be pulled: ${pulled.stderr.trim().split('\n').at(-1)}`);
  return pulled.exitCode === 0;
}
