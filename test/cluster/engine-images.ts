import { execa } from 'execa';
import type { Engine } from './engine.ts';
import { elapsedSince, type Log } from './progress.ts';

/** What an image is made of: a directory that becomes its root, or a tar of one. */
export type RootSource = { directory: string } | { tar: string };

/** Makes a one-layer image of a root file system. `changes` are Containerfile instructions. */
export async function importImage(engine: Engine, name: string, source: RootSource, changes: string[]): Promise<void> {
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

export async function imageExists(engine: Engine, name: string): Promise<boolean> {
  return (await engine.attempt(['image', 'inspect', '--format', '{{.Id}}', name])).exitCode === 0;
}

/** Removes the images of the same name with other tags: those of former recipes. One that a container uses stays. */
export async function removeOtherTags(engine: Engine, name: string): Promise<void> {
  const repository = name.slice(0, name.lastIndexOf(':'));
  const { stdout } = await engine.attempt(['images', '--format', '{{.Repository}}:{{.Tag}}', repository]);
  for (const other of stdout.split('\n')) if (other && other !== name) await engine.attempt(['rmi', other]);
}

/** Removes all tags of an image but the newest; engines list those first. One that a container uses stays. */
export async function removeOlderTags(engine: Engine, repository: string, kept: number): Promise<void> {
  const { stdout } = await engine.attempt(['images', '--format', '{{.Repository}}:{{.Tag}}', repository]);
  for (const older of stdout.split('\n').filter(Boolean).slice(kept)) await engine.attempt(['rmi', older]);
}

/** Whether the image could be pulled. A registry that refuses says so at once; a slow line is given its time. */
export async function pullImage(log: Log, engine: Engine, name: string, timeoutMs: number): Promise<boolean> {
  const start = performance.now();
  log(`pull ${name} ...`);
  const pulled = await engine.attempt(['pull', name], { timeoutMs });
  if (pulled.exitCode === 0) log(`pull ${name}: done in ${elapsedSince(start)}`);
  else log(`${name} cannot be pulled: ${pulled.stderr.trim().split('\n').at(-1)}`);
  return pulled.exitCode === 0;
}
