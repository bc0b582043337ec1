/** Set-up of the unit tests: makes the bundles of `programs.ts` where one of their sources is newer. */
import { globSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { execa } from 'execa';
import type { TestProject } from 'vitest/node';
import { bundles, repositoryRoot } from './programs.ts';

const sources = ['packages/{core,sdk}/src/**/*.ts', 'pnpm-lock.yaml', 'test/support/bundled/*.ts'];

export default async function setup(project: TestProject): Promise<void> {
  await bundle();
  project.onTestsRerun(bundle);
}

/** @throws Error with the bundler's words when a source cannot be bundled */
async function bundle(): Promise<void> {
  const changed = Math.max(...globSync(sources, { cwd: repositoryRoot }).map(modified));
  if (modified(bundles) > changed) return;
  const start = new Date();
  // Another run may be at it as well, and processes may be starting.
  const made = `${bundles}.${process.pid}`;
  const config = join(import.meta.dirname, 'rolldown.config.ts');
  await execa('rolldown', ['--config', config, '--log-level', 'silent'], {
    localDir: join(repositoryRoot, 'packages/core'),
    preferLocal: true,
    env: { BUNDLES: made },
  });
  // What changes while it is read is newer.
  utimesSync(made, start, start);
  rmSync(bundles, { recursive: true, force: true });
  renameSync(made, bundles);
}

/** Milliseconds since 1970; 0 of what is not there. */
function modified(path: string): number {
  return statSync(resolve(repositoryRoot, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
