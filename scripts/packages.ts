/** Publishes the npm packages of this repository. */
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { repositoryRoot } from '../test/cluster/paths.ts';

/**
 * Each package of the workspace that is not private and whose version the registry has not, in the order of what they need,
 * as pnpm finds registry and token in its environment.
 *
 * @param environment with PROVENANCE set each says which workflow made it, which registries take for the repository that
 *   package.json names: REPOSITORY, its URL
 * @throws Error when one could not be published; those before it are
 */
export async function releasePackages(environment: NodeJS.ProcessEnv): Promise<void> {
  const { PROVENANCE: provenance, REPOSITORY: repository } = environment;
  if (provenance && !repository)
    throw new Error('REPOSITORY is not set: with PROVENANCE it is the URL of the repository');
  if (repository)
    for (const path of globSync('packages/*/package.json', { cwd: repositoryRoot })) {
      await nameRepository(join(repositoryRoot, path), repository);
    }
  const flags = ['--access=public', '--no-git-checks', ...(provenance ? ['--provenance'] : [])];
  await execa('npx', ['--yes', 'pnpm@12.21.0', '--recursive', 'publish', ...flags], {
    cwd: repositoryRoot,
    env: environment,
    stdout: 'inherit',
    stderr: ['inherit', 'pipe'],
  });
}

async function nameRepository(path: string, url: string): Promise<void> {
  const packageJson = JSON.parse(await readFile(path, 'utf8'));
  packageJson.repository = { type: 'git', url: `git+${url}.git` };
  await writeFile(path, `${JSON.stringify(packageJson, undefined, 2)}\n`);
}
