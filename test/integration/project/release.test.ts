/**
 * A release up to the registries: the packages as the workflow publishes them, bundle and chart by its own steps, and a
 * workflow that asks for what there is. `images.test.ts` has the images; signatures need the workflow's identity.
 */
import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { TestAuthority } from '@dpu-operator/core/trust/testing';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { findBuilder, findEngine } from '../../cluster/engine/engine.ts';
import { repositoryRoot } from '../../cluster/paths.ts';
import { ensureHelm } from '../../support/programs/go-tools.ts';
import { startImageRegistry } from '../../support/registries/image-registry.ts';
import { type Registry, startRegistry } from '../../support/registries/registry.ts';

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
  jobs: z.record(
    z.string(),
    z.object({ steps: z.array(z.object({ name: z.string().optional(), run: z.string().optional() })) }),
  ),
});

const workflowOf = (path: string) => workflow.parse(parse(readFileSync(join(repositoryRoot, path), 'utf8')));

test('bundle and chart are in the registry, and name the images by digest', async () => {
  const { images } = workflowOf('.github/workflows/release.yml').jobs;
  const step = async (title: string, env: Record<string, string>) => {
    const input = images?.steps.find(({ name }) => name === title)?.run ?? 'false';
    await execa('bash', ['-eo', 'pipefail'], { input, cwd: repositoryRoot, env });
  };
  await findEngine(console.log);
  const helm = await ensureHelm(console.log);
  const imageRegistry = await startImageRegistry(console.log);
  const directory = await mkdtemp(join(tmpdir(), 'release-'));
  const authority = await TestAuthority.create('images');
  const tls = await authority.issueServer('127.0.0.1');
  // Helm pushes by https alone.
  const byTls = await startImageRegistry(console.log, { data: imageRegistry.data, tls });
  try {
    const byDigest = (name: string) => `r.example.com/${name}@sha256:${'c'.repeat(64)}`;
    const [OPERATOR, VSP] = [byDigest('operator'), byDigest('vsp')];
    const TAG = 'v7.1.0';
    await step('Manifests and bundle that name those images', {
      REGISTRY: imageRegistry.name,
      PUSH_TLS_VERIFY: 'false',
      TAG,
      OPERATOR,
      VSP,
    });
    const repository = 'dpu-operator/bundle';
    const manifest = await (await imageRegistry.get(`${repository}/manifests/v7.1.0`)).json();
    const { layers } = z.object({ layers: z.array(z.object({ digest: z.string() })) }).parse(manifest);
    for (const { digest } of layers) {
      const layer = await (await imageRegistry.get(`${repository}/blobs/${digest}`)).arrayBuffer();
      await execa('tar', ['-xz', '-C', directory], { input: new Uint8Array(layer) });
    }
    const csv = await readFile(join(directory, 'manifests/dpu-operator.clusterserviceversion.yaml'), 'utf8');
    expect(parse(csv).spec.relatedImages.map(({ image }: { image: string }) => image)).toEqual([OPERATOR, VSP]);
    expect(await readFile(join(directory, 'metadata/annotations.yaml'), 'utf8')).toContain('registry+v1');

    const SSL_CERT_FILE = join(directory, 'ca.crt');
    await writeFile(SSL_CERT_FILE, authority.authority.certificate);
    const PATH = `${dirname(helm)}:${process.env.PATH}`;
    await step('The chart among them', { REGISTRY: byTls.name, TAG, SSL_CERT_FILE, PATH });
    const chart = `oci://${byTls.name}/dpu-operator/charts/dpu-operator`;
    const show = async (what: string) =>
      parse((await execa(helm, ['show', what, chart, '--version', '7.1.0'], { env: { SSL_CERT_FILE } })).stdout);
    expect(await show('chart')).toMatchObject({ name: 'dpu-operator', version: '7.1.0', appVersion: '7.1.0' });
    const { operator, vsp } = (await show('values')).images;
    expect([operator, vsp].map(({ repository: name, digest }) => `${name}@${digest}`)).toEqual([OPERATOR, VSP]);
  } finally {
    await byTls.stop();
    // The engine has it by the name that it was pushed with.
    await (await findBuilder()).attempt(['rmi', `${imageRegistry.name}/dpu-operator/bundle:v7.1.0`]);
    await imageRegistry.stop();
    await rm(directory, { recursive: true });
  }
});

test.each(globSync('.github/workflows/*.yml', { cwd: repositoryRoot }))('%s runs what there is', async (path) => {
  const { jobs } = workflowOf(path);
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
