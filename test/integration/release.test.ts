/** A release up to the registries: the packages as the workflow publishes them, and a workflow that asks for what there is. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { repositoryRoot } from '../cluster/paths.ts';
import { type Registry, startRegistry } from '../support/registry.ts';

const packages = globSync('packages/*/package.json', { cwd: repositoryRoot })
  .map((path) => JSON.parse(readFileSync(join(repositoryRoot, path), 'utf8')))
  .filter((packageJson) => packageJson.private !== true);

let registry: Registry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(() => registry?.stop());

const release = () =>
  execa(process.execPath, ['scripts/commands.ts', 'release-packages'], {
    cwd: repositoryRoot,
    env: { NPM_CONFIG_USERCONFIG: registry.npmrc, PROVENANCE: '', REPOSITORY: '' },
  });

async function published(name: string) {
  const { stdout } = await registry.npm(['view', name, '--json']);
  return JSON.parse(stdout);
}

test('every package is published, open to all, with versions in place of those of the workspace', async () => {
  expect(packages.length).toBeGreaterThan(5);
  await release();
  for (const { name, version } of packages) {
    const { dependencies = {}, exports = {}, ...found } = await published(name);
    expect(found, name).toMatchObject({ name, version, license: 'Apache-2.0' });
    expect(JSON.stringify([dependencies, exports]), name).not.toMatch(/workspace:|"source"/);
  }
});

const workflow = z.object({
  jobs: z.record(z.string(), z.object({ steps: z.array(z.object({ run: z.string().optional() })) })),
});

test.each(globSync('.github/workflows/*.yml', { cwd: repositoryRoot }))('%s runs what there is', async (path) => {
  const { jobs } = workflow.parse(parse(readFileSync(join(repositoryRoot, path), 'utf8')));
  const scripts = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
  expect(scripts.length).toBeGreaterThan(1);
  for (const script of scripts) {
    await execa('bash', ['-n'], { input: script });
    for (const [, target = ''] of script.matchAll(/^make ([\w-]+)/gm)) {
      await execa('make', ['--dry-run', target], { cwd: repositoryRoot });
    }
    for (const [file] of script.matchAll(/\b(?:packages|scripts|\.ci|charts)\/[\w./-]+/g)) {
      if (!file.includes('/dist/')) expect(globSync(file, { cwd: repositoryRoot }), script).toEqual([file]);
    }
  }
});
